import pytest

from pyrec.errors import DataError
from pyrec.workflow.staging import staged


def write(folder, text, entries):
    with staged(folder, entries=entries) as stage:
        for name in entries:
            (stage / name).write_text(text)


def test_entries_appear_together_at_the_end(tmp_path):
    out = tmp_path / "deep" / "out"
    with staged(out, entries=["model", "metrics.json"]) as folder:
        (folder / "model").mkdir()
        (folder / "model" / "a.npy").write_text("a")
        (folder / "metrics.json").write_text("{}")
        assert [entry for entry in out.iterdir() if not entry.name.startswith(".")] == []
    assert sorted(entry.name for entry in out.iterdir()) == [
        ".pyrec.json", "metrics.json", "model",
    ]  # fmt: skip


def test_what_was_there_is_replaced_and_other_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for version in ("1", "2"):
        with staged(tmp_path, entries=["model", "metrics.json"]) as folder:
            (folder / "model").mkdir()
            (folder / "model" / version).write_text(version)
            (folder / "metrics.json").write_text(version)
    assert (tmp_path / "metrics.json").read_text() == "2"
    assert [entry.name for entry in (tmp_path / "model").iterdir()] == ["2"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        ".pyrec.json", "metrics.json", "model", "notes.txt",
    ]  # fmt: skip


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_a_failure_shows_nothing_and_keeps_what_was_there(tmp_path, error):
    write(tmp_path, "old", ["metrics.json"])

    def job():
        with staged(tmp_path, entries=["metrics.json"]) as folder:
            (folder / "metrics.json").write_text("new")
            raise error

    with pytest.raises(error):
        job()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".pyrec.json", "metrics.json"]
    assert (tmp_path / "metrics.json").read_text() == "old"


def test_a_directory_that_has_the_commit_entry_is_whole_at_any_moment(tmp_path, monkeypatch):
    entries = ["a", "b", "metrics.json"]
    write(tmp_path, "old", entries)
    seen = []
    rename = type(tmp_path).rename

    def watched(self, target):
        rename(self, target)
        files = {n: (tmp_path / n) for n in ("a", "b", "metrics.json")}
        state = {n: f.read_text() for n, f in files.items() if f.exists()}
        seen.append(state)

    with staged(tmp_path, entries=entries) as folder:
        for name in entries:
            (folder / name).write_text("new")
        monkeypatch.setattr(type(tmp_path), "rename", watched)
    assert len(seen) == 7
    for state in seen:
        assert "metrics.json" not in state or set(state.values()) == {"new"}


def test_what_somebody_else_wrote_is_never_replaced(tmp_path):
    (tmp_path / "config.toml").write_text("# mine")
    with pytest.raises(DataError, match=r"config\.toml: would be replaced, but was not written"):
        write(tmp_path, "new", ["config.toml"])
    assert (tmp_path / "config.toml").read_text() == "# mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("change", ["edit", "add"])
def test_what_has_been_changed_since_is_never_replaced(tmp_path, change):
    for _ in range(2):
        with staged(tmp_path, entries=["model", "done"]) as stage:
            (stage / "model").mkdir()
            (stage / "model" / "a.npy").write_text("a")
            (stage / "done").write_text("")
    (tmp_path / "model" / ("a.npy" if change == "edit" else "notes.txt")).write_text("mine")
    with pytest.raises(DataError, match=r"model: would be replaced, .* changed since"):
        write(tmp_path, "new", ["model", "done"])
    (tmp_path / ".pyrec.json").write_text("{")
    with pytest.raises(DataError, match=r"\.pyrec\.json: is damaged"):
        write(tmp_path, "new", ["model", "done"])


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DataError, match=r"file/out: cannot be written \(Not a directory\)"),
        staged(tmp_path / "file" / "out", entries=["metrics.json"]),
    ):
        pass


def test_no_space_is_named(tmp_path):
    def job():
        with staged(tmp_path, entries=["x"]) as folder:
            (folder / "x").symlink_to("/dev/full")
            (folder / "x").write_text("data")

    with pytest.raises(DataError, match="cannot be written"):
        job()
    assert list(tmp_path.iterdir()) == []
