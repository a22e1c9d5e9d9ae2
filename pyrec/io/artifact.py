"""Artefacts: a directory of arrays and a manifest, written whole or not at all. Knows no models.

An artefact is ``PATH/manifest.json`` beside one ``.npy`` file per array, named after the array and
its content. The manifest is the commit point: arrays are written and synced first, then the
manifest replaces its predecessor in one rename, then the predecessor's arrays go. A crash at any
moment leaves the old artefact or the new one; readers that have the old arrays mapped keep them.
Nothing is ever pickled.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import as_path
from pyrec.errors import ArtifactError
from pyrec.io.durable import sha256, sync

__all__ = ["Artifact", "part_of", "read", "write"]

FORMAT = 1

# Arrays, and what a writer that was killed has left behind.
_OURS = re.compile(r".+-[0-9a-f]{12}\.npy|\..+-\w{8}\.part")


class _ArrayEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    pyrec: str
    metadata: dict[str, Any]
    arrays: dict[str, _ArrayEntry]


@dataclass(frozen=True)
class Artifact:
    """What `read` returns: the metadata, and the arrays as read-only memory maps."""

    metadata: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def part(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays whose names start with ``prefix.``, without it."""
        return part_of(self.arrays, prefix)


def part_of(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names start with ``prefix.``, without it."""
    start = prefix + "."
    return {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}


def write(
    path: str | Path, metadata: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write an artefact, or replace the one that is there.

    Parameters
    ----------
    path : path
        The directory; made if absent.
    metadata : mapping
        JSON-ready facts.
    arrays : mapping of str to array
        Arrays of numbers, by name.

    Raises
    ------
    ArtifactError
        If the directory holds something else, or cannot be written; an earlier artefact there is
        then untouched.
    """
    from importlib.metadata import version

    folder = as_path(path)
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = set(folder.iterdir())
        old = {file for file in there if _OURS.fullmatch(file.name)}
        if there != old and not (folder / "manifest.json").exists():
            raise ArtifactError(f"{folder}: is not empty and holds no artefact; name a new folder")
        entries = {name: _write_array(folder, name, array) for name, array in arrays.items()}
        manifest = _Manifest(FORMAT, version("pyrec"), dict(metadata), entries)
        text = json.dumps(msgspec.to_builtins(manifest), indent=2, sort_keys=True)
        with NamedTemporaryFile(
            dir=folder, prefix=".manifest-", suffix=".part", delete=False
        ) as file:
            _commit(file, text.encode() + b"\n", folder / "manifest.json")
        sync(folder)
        for file_ in old - {folder / entry.file for entry in entries.values()}:
            file_.unlink(missing_ok=True)
    except ArtifactError:
        raise
    except OSError as error:
        if new and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        raise ArtifactError(f"{folder}: cannot be written ({error.strerror})") from error


def read(path: str | Path, *, verify: bool = False) -> Artifact:
    """Read an artefact; the arrays are memory maps that worker processes share.

    Parameters
    ----------
    path : path
        The directory.
    verify : bool, default False
        Whether to check the SHA-256 of every array. A publisher verifies once; workers need not.

    Raises
    ------
    ArtifactError
        If it is missing, corrupt, or of a newer format; names the file.
    """
    folder = as_path(path)
    text = _read_manifest(folder)
    while True:
        try:
            return _read_arrays(folder, text, verify=verify)
        except ArtifactError:
            # A writer may have replaced the artefact between our two steps: then start again.
            latest = _read_manifest(folder)
            if latest == text:
                raise
            text = latest


def _read_manifest(folder: Path) -> bytes:
    try:
        return (folder / "manifest.json").read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{folder}: is not a saved model (manifest.json: {error.strerror})"
        ) from error


def _read_arrays(folder: Path, text: bytes, *, verify: bool) -> Artifact:
    try:
        found = msgspec.json.decode(text).get("format")
        if found != FORMAT:
            raise ArtifactError(
                f"{folder}: has format {found}, this pyrec reads {FORMAT}; save it again"
            )
        manifest = msgspec.json.decode(text, type=_Manifest)
    except (msgspec.MsgspecError, AttributeError) as error:
        raise ArtifactError(f"{folder / 'manifest.json'}: is corrupt ({error})") from error
    arrays = {}
    for name, entry in manifest.arrays.items():
        arrays[name] = _read_array(folder, name, entry)
        if verify and sha256(folder / entry.file) != entry.sha256:
            raise ArtifactError(f"{folder / entry.file}: has changed since it was saved")
    return Artifact(manifest.metadata, arrays)


def _write_array(folder: Path, name: str, array: NDArray[Any]) -> _ArrayEntry:
    array = np.ascontiguousarray(array)
    with NamedTemporaryFile(dir=folder, prefix=f".{name}-", suffix=".part", delete=False) as file:
        try:
            np.lib.format.write_array(file, array, allow_pickle=False)
            file.flush()
            digest = sha256(Path(file.name))
            target = folder / f"{name}-{digest[:12]}.npy"
            _commit(file, b"", target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return _ArrayEntry(target.name, array.dtype.str, array.shape, digest)


def _commit(file: Any, content: bytes, target: Path) -> None:
    """Finish a temporary file and give it its name."""
    try:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
        Path(file.name).replace(target)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise


def _read_array(folder: Path, name: str, entry: _ArrayEntry) -> NDArray[Any]:
    file = folder / entry.file
    if Path(entry.file).name != entry.file:
        raise ArtifactError(f"{folder / 'manifest.json'}: {name} points outside the folder")
    try:
        empty = 0 in entry.shape  # nothing to map
        array: NDArray[Any] = np.load(file, mmap_mode=None if empty else "r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactError(f"{file}: cannot be read ({error})") from error
    if array.dtype.str != entry.dtype or array.shape != entry.shape:
        raise ArtifactError(
            f"{file}: holds {array.dtype.str} {array.shape}, "
            f"the manifest says {entry.dtype} {entry.shape}"
        )
    array.flags.writeable = False
    return array.view(np.ndarray)
