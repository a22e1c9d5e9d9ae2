"""Checkpoints: the state of a training in a folder, from which it goes on after a crash."""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec.arguments import as_path
from pyrec.errors import ArtifactError, ConfigError, DataError
from pyrec.io import artifact

__all__ = ["Checkpoint", "digest"]

logger = logging.getLogger("pyrec")


class Checkpoint:
    """The folder of a training that goes in passes: one artefact, replaced after each.

    Parameters
    ----------
    folder : path
        Made if absent.
    configuration : mapping
        The hyper-parameters that every pass depends on, JSON-ready.
    inputs : mapping of str to str
        Digest of each argument that the passes depend on, by its name.
    """

    def __init__(
        self, folder: str | Path, configuration: Mapping[str, Any], inputs: Mapping[str, str]
    ) -> None:
        self.folder = as_path(folder, "checkpoint")
        self._configuration = dict(configuration)
        self._inputs = dict(inputs)

    def read(self) -> tuple[int, dict[str, NDArray[Any]]] | None:
        """Return the passes that are done and their arrays, or None if there is no checkpoint yet.

        Raises
        ------
        ArtifactError
            If the folder holds something else, or is corrupt.
        ConfigError, DataError
            If the checkpoint is of another configuration or of other data.
        """
        if not (self.folder / "manifest.json").exists():
            return None
        found = artifact.read(self.folder, verify=True)
        facts = found.metadata.get("checkpoint")
        if facts is None:
            raise ArtifactError(f"{self.folder}: holds no checkpoint; name another folder")
        remedy = "name another folder, or remove this one to begin anew"
        begun = facts["configuration"]
        for name in sorted(begun.keys() | self._configuration.keys()):
            before, now = begun.get(name), self._configuration.get(name)
            if before != now:
                raise ConfigError(
                    f"{name}: is {now!r}, and the checkpoint in {self.folder} was begun with "
                    f"{before!r}; {remedy}"
                )
        for name, now in self._inputs.items():
            if facts["inputs"].get(name) != now:
                raise DataError(
                    f"{name}: not what the checkpoint in {self.folder} was begun with; {remedy}"
                )
        if facts["simd_level"] != _kernels.simd_level():
            logger.warning(
                "the checkpoint in %s was written at the SIMD level %s: going on at %s, the last "
                "digits will differ", self.folder, facts["simd_level"], _kernels.simd_level(),
            )  # fmt: skip
        return facts["passes"], found.arrays

    def write(self, passes: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Replace the checkpoint, whole or not at all.

        Raises
        ------
        ArtifactError
            If it cannot be written; the one before is then untouched.
        """
        facts = {
            "passes": passes,
            "configuration": self._configuration,
            "inputs": self._inputs,
            "simd_level": _kernels.simd_level(),
        }
        artifact.write(self.folder, {"checkpoint": facts}, arrays)


def digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return a hash of arrays, their names, types and shapes.

    Examples
    --------
    >>> digest({"x": np.arange(3)}) == digest({"x": np.arange(3.0)})
    False
    """
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.data.cast("B") if array.size else b"")
    return total.hexdigest()
