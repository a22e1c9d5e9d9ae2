import pyarrow as pa
import pytest

from pyrec.errors import DataError
from pyrec.io.zstandard import check_whole

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
