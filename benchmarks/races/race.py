"""What a race is: one work on one input, its contenders, and what makes their results the same."""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

Inputs = dict[str, Any]
Outcome = dict[str, Any]


class Disagreement(AssertionError):
    """Contenders found different things: their times cannot be compared."""


@dataclass(frozen=True)
class Contender:
    """A library at its best settings.

    ``prepare(race, inputs, threads)`` runs once, untimed, and returns the function that is timed.
    The environment is set before its process starts; ``{threads}`` in it stands for their number.
    """

    name: str
    prepare: Callable[["Race", Inputs, int], Callable[[], Any]]
    module: str = "pyrec"
    distribution: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None

    @property
    def title(self) -> str:
        """The name with the version."""
        if self.module == "pyrec":
            return self.name
        return f"{self.name} {version(self.distribution or self.module)}"


@dataclass(frozen=True)
class Cost:
    """The operations that a work needs, in units of 1e9: each kind bounds the time from below."""

    floats: float = 0  # operations in float multiply-adds
    dots: float = 0  # operations in 8-bit dot products
    bytes: float = 0  # read from or written to memory
    additions: float = 0  # to places all over a table

    def share(self, seconds: float, peak: "Cost") -> float | None:
        """Return the time of the scarcest resource as a share of the time taken."""
        pairs = [(getattr(self, kind), getattr(peak, kind)) for kind in self.__annotations__]
        needed = max((amount / rate for amount, rate in pairs if amount and rate), default=0)
        return needed / seconds or None


class Race(ABC):
    """One line-up. Values only: it travels to the processes of the contenders."""

    work: ClassVar[str]
    contenders: ClassVar[tuple[Contender, ...]]
    repeatable: ClassVar[bool] = True  # doing it twice has the result of doing it once

    @property
    @abstractmethod
    def title(self) -> str:
        """What is done to what, in one line."""

    @abstractmethod
    def inputs(self) -> Inputs:
        """Arrays and scipy matrices, or paths of files, that every contender is given."""

    @abstractmethod
    def outcome(self, inputs: Inputs, result: Any) -> Outcome:
        """What there is to compare; runs in the process of the contender, after its last round."""

    @abstractmethod
    def agree(self, inputs: Inputs, outcomes: dict[str, Outcome]) -> dict[str, str]:
        """Return a few words on each result, or raise Disagreement."""

    @abstractmethod
    def cost(self, inputs: Inputs, outcome: Outcome) -> Cost:
        """What the work needs at least, done the way that the outcome says."""


def save(inputs: Inputs, folder: Path) -> None:
    """Write the inputs for other processes."""
    for name, value in inputs.items():
        if sp.issparse(value):
            sp.save_npz(folder / name, value, compressed=False)
        elif isinstance(value, np.ndarray):
            np.save(folder / name, value)
        else:
            (folder / f"{name}.path").write_text(str(value))


def load(folder: Path) -> Inputs:
    """Read what `save` wrote."""
    readers = {".npz": sp.load_npz, ".npy": np.load, ".path": lambda f: Path(f.read_text())}
    return {file.stem: readers[file.suffix](file) for file in folder.iterdir()}


def expect(close: bool, name: str, what: str) -> None:
    """Raise Disagreement unless close."""
    if not close:
        raise Disagreement(f"{name}: {what}")


@cache
def openblas_coretype() -> dict[str, str]:
    """Return what older copies of OpenBLAS must be told on a CPU that they do not know."""
    wide = "avx512f" in Path("/proc/cpuinfo").read_text()
    return {"OPENBLAS_CORETYPE": "SkylakeX"} if wide else {}
