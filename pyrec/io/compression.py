"""Compressed files: whether they are whole and unharmed, which DuckDB does not tell of all.

It reads a zstd file that ends in the middle without a word, and ignores the checksums of gzip.
"""

import threading
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pyrec.errors import DataError

__all__ = ["check_whole", "verified"]

_FRAME, _SKIPPABLE = 0xFD2FB528, 0x184D2A50
_GZIP_MAGIC, _ZSTD_MAGIC = b"\x1f\x8b", _FRAME.to_bytes(4, "little")
_CHUNK = 1 << 20


def check_whole(file: Path) -> None:
    """Raise if a file is compressed in another way than its suffix says, or a ``.zst`` is cut off.

    The blocks of a zstd frame tell their sizes, so it suffices to walk over them; nothing is
    unpacked. Source: RFC 8878, section 3.1.

    Raises
    ------
    DataError
        Naming the file.
    """
    with file.open("rb") as stream:
        start = stream.read(4)
        for name, magic, suffix in (("gzip", _GZIP_MAGIC, ".gz"), ("zstd", _ZSTD_MAGIC, ".zst")):
            if start.startswith(magic) and file.suffix != suffix:
                raise DataError(f"{file}: is a {name} file; rename it to {file.name}{suffix}")
        if file.suffix != ".zst":
            return
        stream.seek(0)
        size = file.stat().st_size
        while stream.tell() < size:
            if not _skip_frame(stream) or stream.tell() > size:
                raise DataError(f"{file}: the zstd file ends in the middle, or is none")


@contextmanager
def verified(files: Sequence[Path]) -> Iterator[None]:
    """Check the checksums of gzip files in a thread, while the block reads them.

    A file that is harmed is the reason for whatever error the block ends in, so it is told first.

    Raises
    ------
    DataError
        Naming the file.
    """
    zipped = [file for file in files if file.suffix == ".gz"]
    if not zipped:
        yield
        return
    stopped = threading.Event()
    with ThreadPoolExecutor(1, "pyrec-checksum") as pool:
        checked = pool.submit(_check_gzip, zipped, stopped)
        try:
            yield
        except DataError:
            checked.result()
            raise
        except BaseException:
            stopped.set()
            raise
        checked.result()


def _check_gzip(files: Sequence[Path], stopped: threading.Event) -> None:
    for file in files:
        with file.open("rb") as stream:
            try:
                whole = _unpack(stream, stopped)
            except zlib.error:
                raise DataError(
                    f"{file}: the gzip file is damaged, its checksum does not fit; fetch it again"
                ) from None
        if not whole and not stopped.is_set():
            raise DataError(f"{file}: the gzip file ends in the middle; fetch it again")


def _unpack(stream: BinaryIO, stopped: threading.Event) -> bool:
    """Unpack all members and forget what comes out, and tell whether the last one is whole.

    zlib compares lengths and checksums.
    """
    member = None
    while not stopped.is_set() and (chunk := stream.read(_CHUNK)):
        while chunk:
            member = member or zlib.decompressobj(31)
            member.decompress(chunk)
            chunk, member = member.unused_data, None if member.eof else member
    return member is None


def _skip_frame(stream: BinaryIO) -> bool:
    """Go to the end of a frame, and return whether it is one."""
    magic = _number(stream, 4)
    if magic & ~0xF == _SKIPPABLE:
        stream.seek(_number(stream, 4), 1)
        return True
    if magic != _FRAME:
        return False
    descriptor = _number(stream, 1)
    single_segment, has_checksum = descriptor >> 5 & 1, descriptor >> 2 & 1
    content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
    stream.seek((1 - single_segment) + (0, 1, 2, 4)[descriptor & 3] + content_size, 1)
    last = 0
    while not last:
        header = stream.read(3)
        if len(header) < 3:
            return False
        block = int.from_bytes(header, "little")
        last, kind = block & 1, block >> 1 & 3
        stream.seek(1 if kind == 1 else block >> 3, 1)  # kind 1: one byte, repeated
    stream.seek(4 * has_checksum, 1)
    return True


def _number(stream: BinaryIO, size: int) -> int:
    return int.from_bytes(stream.read(size), "little")
