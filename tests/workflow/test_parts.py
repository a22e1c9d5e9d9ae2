"""Parts of a folder: kills at any moment lose nothing and double nothing; strangers are refused."""

import fcntl
import json
import os
import signal
import time

import duckdb
import numpy as np
import pytest

import pyrec
from pyrec import merge_recommendations, write_recommendations
from pyrec.errors import ArtifactError, DataError


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    log = pyrec.Events.from_ids(
        users=[f"u{i}" for i in rng.integers(0, 300, 2000)], items=rng.integers(0, 90, 2000)
    )
    return pyrec.ItemKNN(neighbors=20).fit(log.aggregate())


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def started(model, folder, **options):
    """Start a process that writes, and return its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            write_recommendations(model, folder, 5, **options)
            status = 0
        finally:
            os._exit(status)
    return child


def status_of(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_hundred_kills_lose_no_list_and_double_none(model, tmp_path):
    write_recommendations(model, tmp_path / "through.parquet", 5)
    expected = duckdb.sql(f"from '{tmp_path / 'through.parquet'}'").fetchall()
    rng = np.random.default_rng(1)
    killed, jobs, moments = 0, 0, set()
    while killed < 100:
        folder = tmp_path / f"lists-{jobs}"
        jobs += 1
        done, status = 0, None
        while status != 0:
            child = started(model, folder, users_per_part=10)
            if killed < 100:
                time.sleep(rng.random() * 0.25)
                os.kill(child, signal.SIGKILL)
            status = status_of(child)
            assert status in (0, -signal.SIGKILL)
            if status != 0:
                killed += 1
                moments.add(tuple(names(folder)[:1]) if folder.exists() else None)
                before, done = done, whole(folder)
                assert done >= before
        merge_recommendations(folder, folder / "merged.parquet")
        assert duckdb.sql(f"from '{folder / 'merged.parquet'}'").fetchall() == expected
        assert not [name for name in names(folder) if name.startswith(".")]
    assert len(moments) > 3  # most leave a file of their own that is not whole


def whole(folder):
    """Return how many parts are vouched for; each must be there."""
    if not (folder / "manifest.json").exists():
        return 0
    parts = json.loads((folder / "manifest.json").read_text())["parts"]
    assert set(parts) <= set(names(folder))
    return len(parts)


def test_a_folder_of_something_else_is_refused(model, tmp_path):
    model.save(tmp_path / "model")
    with pytest.raises(ArtifactError, match="holds no lists, but something else; name a new"):
        write_recommendations(model, tmp_path / "model", 5)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "part-00000.parquet").write_text("mine")
    with pytest.raises(DataError, match="is not empty and holds no lists; name a new folder"):
        write_recommendations(model, tmp_path / "notes", 5)
    with pytest.raises(ArtifactError, match=r"holds no lists \(manifest.json: No such file"):
        merge_recommendations(tmp_path / "notes", tmp_path / "lists.csv")
    assert names(tmp_path / "notes") == ["part-00000.parquet"]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="file: cannot be written"):
        write_recommendations(model, tmp_path / "file", 5)


def test_a_part_that_has_changed_is_refused(model, tmp_path):
    write_recommendations(model, tmp_path, 5, users_per_part=100)
    file = tmp_path / "part-00001.parquet"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    message = "part-00001.parquet: has changed since it was written; remove it"
    for again in (
        lambda: write_recommendations(model, tmp_path, 5, users_per_part=100),
        lambda: merge_recommendations(tmp_path, tmp_path / "lists.csv"),
    ):
        with pytest.raises(ArtifactError, match=message):
            again()
    file.unlink()
    with pytest.raises(ArtifactError, match=r"part-00001.parquet: cannot be read \(No such file"):
        merge_recommendations(tmp_path, tmp_path / "lists.csv")
    write_recommendations(model, tmp_path, 5, users_per_part=100)
    merge_recommendations(tmp_path, tmp_path / "lists.csv")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-9], "manifest.json: is corrupt"),
        (lambda text: "[]", "holds no lists, but something else"),
        (lambda text: text.replace('"format": 1', '"format": 2'), "has format 2, this pyrec"),
        (lambda text: text.replace("part-00000", "../other"), r"is corrupt \(unknown parts\)"),
        (lambda text: text.replace('"total"', '"sum"'), "manifest.json: is corrupt"),
    ],
)
def test_a_damaged_manifest_is_refused(model, tmp_path, change, message):
    write_recommendations(model, tmp_path, 5)
    file = tmp_path / "manifest.json"
    file.write_text(change(file.read_text()))
    with pytest.raises(ArtifactError, match=message):
        write_recommendations(model, tmp_path, 5)
    with pytest.raises(ArtifactError, match=message):
        merge_recommendations(tmp_path, tmp_path / "lists.csv")


def test_two_processes_do_not_write_the_same_folder(model, tmp_path):
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(DataError, match="another process is writing it; wait for that to end"):
        write_recommendations(model, tmp_path, 5)
    os.close(held)
    write_recommendations(model, tmp_path, 5)


def test_another_simd_level_is_told(model, tmp_path, caplog):
    write_recommendations(model, tmp_path, 5)
    file = tmp_path / "manifest.json"
    level = json.loads(file.read_text())["simd_level"]
    file.write_text(file.read_text().replace(f'"{level}"', '"abacus"'))
    write_recommendations(model, tmp_path, 5)
    assert "were begun at the SIMD level abacus" in caplog.text


def test_a_folder_that_may_not_be_written(model, tmp_path, unprivileged):
    tmp_path.chmod(0o555)
    message = unprivileged(lambda: write_recommendations(model, tmp_path / "lists", 5))
    assert "lists: cannot be written (Permission denied)" in message
    assert message.startswith("DataError")
