import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from pyrec import Ranking, Vocabulary
from pyrec.errors import DataError
from pyrec.io.writing import write_ranking, write_table

TABLE = {"item": np.array(["cup", 'a "b", c', "é"]), "score": np.array([1.5, 2, -1], np.float32)}


def names(folder):
    return [file.name for file in folder.iterdir()]


def read(path):
    if path.suffix == ".parquet":
        return pl.read_parquet(path.read_bytes())
    return pl.read_csv(path.read_bytes(), separator="\t" if ".tsv" in path.suffixes else ",")


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv", "t.parquet", "t.csv.gz", "t.tsv.zst", "odd [1] 'n'.csv"]
)
def test_every_format_is_read_back(tmp_path, name):
    write_table(TABLE, tmp_path / name)
    assert read(tmp_path / name).rows() == [("cup", 1.5), ('a "b", c', 2.0), ("é", -1.0)]
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_data_frames_are_written_too(tmp_path, make):
    write_table(make({"x": [1, 2]}), tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet")["x"].to_list() == [1, 2]


def test_batches_keep_their_order(tmp_path):
    batches = ({"x": np.arange(10_000) + 10_000 * i} for i in range(100))
    write_table(batches, tmp_path / "x.parquet")
    assert np.array_equal(read(tmp_path / "x.parquet")["x"].to_numpy(), np.arange(1_000_000))


def test_memory_does_not_grow_with_the_number_of_batches(tmp_path):
    code = """
        import sys
        import numpy as np
        from pyrec.io.writing import write_table

        def resident():
            return int(open("/proc/self/statm").read().split()[1]) * 4096

        def batches(n):
            for i in range(n):
                peak[0] = max(peak[0], resident())
                yield {"x": np.random.default_rng(i).random(100_000)}

        peaks = []
        for n in (40, 200):
            peak = [0]
            write_table(batches(n), sys.argv[1] + f"/{n}.parquet")
            peaks.append(peak[0])
        assert peaks[1] < peaks[0] + 60e6, peaks  # the 160 more batches are 128 MB
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], check=True)


def test_a_file_that_is_there_is_replaced_and_a_link_followed(tmp_path):
    target = tmp_path / "x.csv"
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    for value in (1, 2):
        write_table({"x": np.array([value])}, link)
    assert target.read_text() == "x\n2\n"
    assert link.is_symlink()


def test_rankings(tmp_path):
    items = Vocabulary(["cup", "tea"])
    ranking = Ranking(
        np.array([[1, 0], [0, -1]], np.int32),
        np.array([[2, 1], [3, -np.inf]], np.float32),
        items,
        users=np.array([7, 8]),
    )
    write_ranking(ranking, tmp_path / "lists.csv")
    assert (tmp_path / "lists.csv").read_text() == (
        "user_id,item_id,score,rank\n7,tea,2.0,1\n7,cup,1.0,2\n8,cup,3.0,1\n"
    )
    write_ranking(Ranking(ranking.rows[1], ranking.scores[1], items), tmp_path / "one.tsv")
    assert (tmp_path / "one.tsv").read_text() == "item_id\tscore\trank\ncup\t3.0\t1\n"


@pytest.mark.parametrize("error", [ZeroDivisionError("no score"), KeyboardInterrupt()])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_error_of_the_iterator_surfaces_and_leaves_nothing(tmp_path, error, suffix):
    def batches():
        for _ in range(30):
            yield {"x": np.random.default_rng(0).random(100_000)}
        raise error

    with pytest.raises(type(error)) as raised:
        write_table(batches(), tmp_path / f"x{suffix}")
    assert raised.value is error
    assert names(tmp_path) == []


def test_an_old_file_survives_a_failure(tmp_path):
    path = tmp_path / "x.csv"
    write_table({"x": np.array([1])}, path)
    with pytest.raises(ZeroDivisionError):
        write_table(({"x": np.array([1 // i])} for i in (1, 0)), path)
    assert path.read_text() == "x\n1\n"
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".csv.gz"])
def test_a_file_size_limit(tmp_path, suffix):
    """As if the disk were full in the middle of the file."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            batches = ({"x": np.random.default_rng(i).random(100_000)} for i in range(20))
            write_table(batches, tmp_path / f"x{suffix}")
        except DataError as error:
            status = 0 if "cannot be written (File too large)" in str(error) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_no_space(tmp_path, suffix):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    link = tmp_path / f"full{suffix}"
    link.symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"cannot be written .No space left on device"):
        write_table(TABLE, link)
    assert Path("/dev/full").is_char_device()


def test_a_pipe_is_written_to_directly(tmp_path):
    pipe = tmp_path / "x.csv"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        write_table({"x": np.array([1])}, pipe)
        assert reader.communicate()[0] == b"x\n1\n"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("x.xlsx", "unknown suffix '.xlsx'; known are .csv, .tsv, .parquet"),
        ("x.parquet.gz", "unknown suffix '.gz'"),
        ("nowhere/x.csv", "nowhere: there is no such folder"),
        ("folder.csv", r"folder\.csv: "),
    ],
)
def test_bad_paths_are_named(tmp_path, path, message):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=message):
        write_table(TABLE, tmp_path / path)
    assert names(tmp_path) == ["folder.csv"]


def test_no_permission(tmp_path, unprivileged):
    tmp_path.chmod(0o555)
    message = unprivileged(lambda: write_table(TABLE, tmp_path / "x.csv"))
    assert "x.csv: cannot be written (Permission denied)" in message
    assert names(tmp_path) == []
