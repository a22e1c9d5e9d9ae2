"""numpy arrays as Arrow schemas and streams in PyCapsules, without a library of Arrow."""

from collections.abc import Iterator
from typing import Any, final

from numpy.typing import NDArray

_Fields = list[tuple[str, str]]
_Batch = tuple[int, list[tuple[int, list[NDArray[Any] | None]]]]

@final
class Producer:
    error: BaseException | None
    def __init__(self, fields: _Fields, batches: Iterator[_Batch]) -> None: ...
    def stream(self) -> object: ...

def schema(fields: _Fields) -> object: ...
