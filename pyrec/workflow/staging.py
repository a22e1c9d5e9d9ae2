"""Staging: a job's output is made in a hidden folder and shown only when it is whole."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyrec.errors import DataError

__all__ = ["staged"]


@contextmanager
def staged(directory: str | Path, *, commit: str) -> Iterator[Path]:
    """Give a folder to write to, whose entries replace those of `directory` at the end.

    Nothing is shown if the body fails or is interrupted. Entries of other names are left alone. The
    entry `commit` goes first and comes back last, so that a directory that has it is whole, even
    if the machine stops in between.

    Parameters
    ----------
    directory : path
        Where the output shall appear; made if absent.
    commit : str
        Name of the entry that says that the output is whole.

    Raises
    ------
    DataError
        If the directory cannot be made or written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as out:
    ...     with staged(out, commit="done.txt") as folder:
    ...         _ = (folder / "done.txt").write_text("whole")
    ...         before = (Path(out) / "done.txt").exists()
    ...     before, (Path(out) / "done.txt").exists()
    (False, True)
    """
    target = Path(directory)
    try:
        target.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".pyrec-", dir=target))
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror})") from None
    try:
        yield stage
        _publish(stage, target, commit)
    except OSError as error:
        if isinstance(error, DataError) or error.strerror is None:
            raise
        raise DataError(
            f"{error.filename or target}: cannot be written ({error.strerror})"
        ) from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _publish(stage: Path, target: Path, commit: str) -> None:
    entries = sorted(stage.iterdir(), key=lambda entry: entry.name == commit)
    replaced = stage / ".replaced"
    replaced.mkdir()
    # A rename cannot replace a folder that is not empty: what was there steps aside first.
    for entry in reversed(entries):
        if (target / entry.name).exists():
            (target / entry.name).rename(replaced / entry.name)
    for entry in entries:
        entry.rename(target / entry.name)
