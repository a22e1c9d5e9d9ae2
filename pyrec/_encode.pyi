"""Arrow streams as columns: ids as dense codes, numbers and times as numpy arrays."""

from collections.abc import Sequence
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

class StreamError(Exception): ...

class Ids(NamedTuple):
    codes: NDArray[np.int32]
    ids: NDArray[np.int64] | tuple[NDArray[np.uint8], NDArray[np.int64]]
    missing: int
    converted: int

class Numbers(NamedTuple):
    values: NDArray[np.int64] | NDArray[np.float64]
    missing: NDArray[np.int64]

class Times(NamedTuple):
    values: NDArray[np.int64] | NDArray[np.float64]
    missing: NDArray[np.int64]
    meaning: str

@final
class Stream:
    def __init__(self, source: Any) -> None: ...
    @property
    def fields(self) -> list[tuple[str, str]]: ...
    def read(
        self, wanted: Sequence[tuple[int, str, Any]], threads: int = 1
    ) -> list[Ids | Numbers | Times]: ...

def parse_adjacency(
    text: bytes,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]: ...
