import gzip

import pyarrow as pa
import pytest

from pyrec.errors import DataError
from pyrec.io.compression import check_whole, verified

TEXT = b"".join(b"%d," % (i * i % 7919) for i in range(100_000))


def test_whole_files_pass(tmp_path):
    path = tmp_path / "x.zst"
    frame = pa.compress(TEXT, "zstd", asbytes=True)
    skippable = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    for data in (frame, frame + frame, skippable + frame, pa.compress(b"", "zstd", asbytes=True),
                 pa.compress(b"a" * 500_000, "zstd", asbytes=True)):  # fmt: skip
        path.write_bytes(data)
        check_whole(path)


def test_streams_of_unknown_size_pass(tmp_path):
    path = tmp_path / "x.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as out:
        for i in range(0, len(TEXT), 10_000):
            out.write(TEXT[i : i + 10_000])
    check_whole(path)


def test_every_cut_is_found(tmp_path):
    path = tmp_path / "x.zst"
    data = pa.compress(TEXT[:5000], "zstd", asbytes=True)
    for size in range(1, len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(DataError, match=r"x\.zst: the zstd file ends in the middle"):
            check_whole(path)


def test_other_files_are_not_looked_at(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("not zstd")
    check_whole(path)


def test_a_file_that_is_compressed_without_saying_so(tmp_path):
    for data, kind, suffix in (
        (gzip.compress(TEXT), "gzip", "gz"),
        (pa.compress(TEXT, "zstd", asbytes=True), "zstd", "zst"),
    ):
        path = tmp_path / "x.csv"
        path.write_bytes(data)
        with pytest.raises(DataError, match=rf"is a {kind} file; rename it to x\.csv\.{suffix}"):
            check_whole(path)


@pytest.mark.parametrize("members", [1, 3])
def test_gzip_files_that_are_whole_pass(tmp_path, members):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(TEXT) * members)
    with verified([path]):
        pass


def test_every_flipped_bit_of_a_gzip_file_is_found(tmp_path):
    path = tmp_path / "x.gz"
    whole = gzip.compress(TEXT[:300], mtime=0)
    for at in range(10, len(whole)):  # behind the header, whose times and names nobody checks
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(DataError, match=r"x\.gz: the gzip file (is damaged|ends)"), \
                verified([path]):  # fmt: skip
            pass


def test_a_damaged_file_explains_the_error_of_its_reader(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(TEXT)[:-9])
    with pytest.raises(DataError, match="the gzip file ends in the middle"), verified([path]):
        raise DataError("line 7: what a reader makes of it")
    with pytest.raises(KeyboardInterrupt), verified([path]):
        raise KeyboardInterrupt
