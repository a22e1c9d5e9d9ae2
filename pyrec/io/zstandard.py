"""Zstandard: whether a file is whole. DuckDB reads one that ends in the middle without a word.

The blocks of a frame tell their sizes, so it suffices to walk over them; nothing is unpacked.
Source: RFC 8878, section 3.1.
"""

from pathlib import Path
from typing import BinaryIO

from pyrec.errors import DataError

__all__ = ["check_whole"]

_FRAME, _SKIPPABLE = 0xFD2FB528, 0x184D2A50


def check_whole(file: Path) -> None:
    """Raise if a ``.zst`` file does not consist of whole frames.

    Raises
    ------
    DataError
        Naming the file.
    """
    if file.suffix != ".zst":
        return
    size = file.stat().st_size
    with file.open("rb") as stream:
        while stream.tell() < size:
            if not _skip_frame(stream) or stream.tell() > size:
                raise DataError(f"{file}: the zstd file ends in the middle, or is none")


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
