"""Staging: a job's output is made in a hidden folder and shown only when it is whole."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyrec.errors import DataError

__all__ = ["staged"]

_RECORD = ".pyrec.json"
"""What was written to a folder, so that nothing else is ever replaced."""


@contextmanager
def staged(directory: str | Path, *, entries: Sequence[str]) -> Iterator[Path]:
    """Give a folder to write to, whose entries replace those of `directory` at the end.

    Nothing is shown if the body fails or is interrupted. What is replaced must be as an earlier job
    left it; entries of other names are left alone. The last of the entries goes first and comes
    back last, so that a directory that has it is whole, even if the machine stops in between.

    Parameters
    ----------
    directory : path
        Where the output shall appear; made if absent.
    entries : sequence of str
        Names of what the body writes.

    Raises
    ------
    DataError
        If the directory cannot be made or written, or has an entry that is somebody else's, or
        that somebody has changed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out:
    ...     with staged(out, entries=["done.txt"]) as folder:
    ...         _ = (folder / "done.txt").write_text("whole")
    ...         before = (Path(out) / "done.txt").exists()
    ...     before, (Path(out) / "done.txt").exists()
    (False, True)
    """
    target = Path(directory)
    try:
        target.mkdir(parents=True, exist_ok=True)
        _require_own(target, entries)
        stage = Path(tempfile.mkdtemp(prefix=".pyrec-", dir=target))
    except OSError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{target}: cannot be written ({error.strerror})") from None
    try:
        yield stage
        _publish(stage, target, entries)
    except OSError as error:
        if isinstance(error, DataError) or error.strerror is None:
            raise
        raise DataError(
            f"{error.filename or target}: cannot be written ({error.strerror})"
        ) from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _require_own(target: Path, entries: Sequence[str]) -> None:
    """Raise if an entry that is to be replaced is not what an earlier job wrote."""
    record = _record(target)
    for name in entries:
        if (target / name).exists() and _fingerprint(target / name) != record.get(name):
            raise DataError(
                f"{target / name}: would be replaced, but was not written here by pyrec, or has "
                "been changed since; move it away, or name another folder for the output"
            )


def _record(target: Path) -> dict[str, Any]:
    if not (target / _RECORD).exists():
        return {}
    try:
        record: dict[str, Any] = json.loads((target / _RECORD).read_text())
    except ValueError:
        raise DataError(f"{target / _RECORD}: is damaged; name another folder") from None
    return record


def _fingerprint(entry: Path) -> Any:
    """Return what tells whether a file, or any in a folder, has been touched."""
    if entry.is_dir():
        return {child.name: _fingerprint(child) for child in sorted(entry.iterdir())}
    status = entry.stat()
    return [status.st_size, status.st_mtime_ns]


def _publish(stage: Path, target: Path, entries: Sequence[str]) -> None:
    made = [stage / name for name in entries]
    record = _record(target) | {entry.name: _fingerprint(entry) for entry in made}
    (stage / _RECORD).write_text(json.dumps(record))
    replaced = stage / ".replaced"
    replaced.mkdir()
    # A rename cannot replace a folder that is not empty: what was there steps aside first.
    for entry in reversed(made):
        if (target / entry.name).exists():
            (target / entry.name).rename(replaced / entry.name)
    for entry in (stage / _RECORD, *made):
        entry.rename(target / entry.name)
