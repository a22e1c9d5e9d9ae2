"""Parts: a folder of Parquet files and a manifest that vouches for each of them.

A part appears under its name when it is whole and on the disk; then the manifest with its digest
replaces its predecessor. So a crash at any moment leaves parts that are proved, at most one that is
not, and hidden leftovers: whoever writes next keeps the first and makes the others again.
"""

import fcntl
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from pyrec import _kernels
from pyrec.arguments import as_path
from pyrec.errors import ArtifactError, ConfigError, DataError
from pyrec.io.durable import sha256
from pyrec.io.writing import join_parquet, replacing

__all__ = ["Parts", "merge_recommendations"]

FORMAT = 1

logger = logging.getLogger("pyrec")

_LEFTOVER = re.compile(r"\.(part-\d{5,}\.parquet|manifest\.json)\.[0-9a-f]{8}\.part")


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the manifest knows of a part: its rows, the users in it, and the SHA-256 of the file."""

    rows: int
    users: int
    sha256: str


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    pyrec: str
    simd_level: str
    recommendations: dict[str, Any]
    total: int
    parts: dict[str, _Part]


class Parts:
    """The parts of one job, some of which may be there already.

    Parameters
    ----------
    folder : Path
        Where they are.
    begun : mapping
        What all of them depend on, JSON-ready; ``model`` is a digest.
    users : int
        Users altogether.
    users_per_part : int
        Users in each part but the last.
    """

    def __init__(
        self, folder: Path, begun: Mapping[str, Any], users: int, users_per_part: int
    ) -> None:
        self.folder = folder
        self._begun = {**begun, "users_per_part": users_per_part}
        starts = range(0, users, users_per_part)
        self._users = {
            _name(number): range(start, min(start + users_per_part, users))
            for number, start in enumerate(starts)
        }
        self._whole: dict[str, _Part] = {}

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Take up what is there, and keep other processes away until the block ends.

        Raises
        ------
        ConfigError, DataError
            If the folder was begun with other options, or for another model; if it has something
            else in it, cannot be written, or is being written by another process.
        ArtifactError
            If the manifest or a part is damaged.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder):
                there = list(self.folder.iterdir())
                leftovers = [file for file in there if _LEFTOVER.fullmatch(file.name)]
                if (self.folder / "manifest.json").exists():
                    self._take_up(_read(self.folder))
                elif len(there) > len(leftovers):
                    raise DataError(
                        f"{self.folder}: is not empty and holds no lists; name a new folder"
                    )
                for file in leftovers:
                    file.unlink()
                self._commit()  # what cannot be written is known before hours have passed
                yield
        except OSError as error:
            if error.strerror is None:  # one of ours
                raise
            raise DataError(f"{self.folder}: cannot be written ({error.strerror})") from None

    def missing(self) -> dict[Path, range]:
        """Return the parts that are still to be written, and the rows of their users."""
        return {
            self.folder / name: rows
            for name, rows in self._users.items()
            if name not in self._whole
        }

    def vouch(self, file: Path, rows: int, users: int) -> None:
        """Enter a part, now that it is whole and on the disk."""
        self._whole[file.name] = _Part(rows, users, sha256(file))
        self._commit()

    @property
    def rows(self) -> int:
        """Recommendations in the whole parts."""
        return sum(part.rows for part in self._whole.values())

    @property
    def users(self) -> int:
        """Users in the whole parts."""
        return sum(part.users for part in self._whole.values())

    def _take_up(self, found: _Manifest) -> None:
        remedy = "name another folder, or remove this one to begin anew"
        before = found.recommendations
        for name in sorted(before.keys() | self._begun.keys()):
            if before.get(name) == self._begun.get(name):
                continue
            if name == "model":
                raise DataError(
                    f"model: not the one that the lists in {self.folder} are of; {remedy}"
                )
            raise ConfigError(
                f"{name}: is {self._begun.get(name)!r}, and the lists in {self.folder} were begun "
                f"with {before.get(name)!r}; {remedy}"
            )
        if found.simd_level != _kernels.simd_level():
            logger.warning(
                "the lists in %s were begun at the SIMD level %s: going on at %s, the last digits "
                "of scores will differ", self.folder, found.simd_level, _kernels.simd_level(),
            )  # fmt: skip
        # A part that has been removed is made again.
        self._whole = {
            name: part for name, part in found.parts.items() if (self.folder / name).exists()
        }
        _verify(self.folder, self._whole)

    def _commit(self) -> None:
        from importlib.metadata import version

        manifest = _Manifest(
            FORMAT,
            version("pyrec"),
            _kernels.simd_level(),
            self._begun,
            len(self._users),
            self._whole,
        )
        text = json.dumps(msgspec.to_builtins(manifest), indent=1, sort_keys=True)
        with replacing(self.folder / "manifest.json") as file:
            file.write_text(text + "\n")


def merge_recommendations(folder: str | Path, path: str | Path) -> None:
    """Write the lists in a folder, where all of them are whole, to one file.

    Parameters
    ----------
    folder : path
        What `write_recommendations` wrote; it stays as it is.
    path : path
        The file; its suffix says what is written, as for `write_table`.

    Raises
    ------
    ArtifactError
        If the folder holds no lists, not all of them yet, or a part that has changed.
    DataError
        If the file cannot be written; none, or an earlier one, is then there.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> model = pyrec.Popularity().fit(sp.csr_array([[1, 0, 1], [0, 0, 1]]))
    >>> written = pyrec.write_recommendations(model, "lists", k=2)
    >>> pyrec.merge_recommendations("lists", "lists.csv")
    >>> print(Path("lists.csv").read_text().strip())
    user_id,item_id,score,rank
    0,1,0.0,1
    1,0,1.0,1
    1,1,0.0,2
    """
    folder = as_path(folder)
    manifest = _read(folder)
    if len(manifest.parts) < manifest.total:
        raise ArtifactError(
            f"{folder}: has {len(manifest.parts)} of {manifest.total} parts; write the "
            "recommendations again, which goes on behind them"
        )
    _verify(folder, manifest.parts)
    join_parquet([folder / name for name in sorted(manifest.parts, key=_number)], path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes away; the lock goes with the process, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"{folder}: another process is writing it; wait for that to end"
            ) from None
        yield
    finally:
        os.close(descriptor)


def _read(folder: Path) -> _Manifest:
    file = folder / "manifest.json"
    try:
        found = msgspec.json.decode(file.read_bytes())
        if not isinstance(found, dict) or "recommendations" not in found:
            raise ArtifactError(f"{folder}: holds no lists, but something else; name a new folder")
        if found.get("format") != FORMAT:
            raise ArtifactError(
                f"{folder}: has format {found.get('format')}, this pyrec knows {FORMAT}; "
                "name a new folder"
            )
        manifest = msgspec.convert(found, _Manifest)
    except OSError as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{folder}: holds no lists ({file.name}: {error.strerror})") from None
    except msgspec.MsgspecError as error:
        raise ArtifactError(f"{file}: is corrupt ({error}); remove the folder") from None
    names = {_name(number) for number in range(manifest.total)}
    if not manifest.parts.keys() <= names:
        raise ArtifactError(f"{file}: is corrupt (unknown parts); remove the folder")
    return manifest


def _verify(folder: Path, parts: Mapping[str, _Part]) -> None:
    """Raise unless every part is, byte for byte, what was written."""
    for name, part in parts.items():
        if sha256(folder / name) != part.sha256:
            raise ArtifactError(
                f"{folder / name}: has changed since it was written; remove it, and write the "
                "recommendations again, which makes it anew"
            )


def _name(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _number(name: str) -> int:
    return int(name.removeprefix("part-").removesuffix(".parquet"))
