"""Catalogue: what a shop knows of its items: titles, categories, prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from pyrec.data.columns import frozen
from pyrec.data.provenance import Report
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError

__all__ = ["Catalogue"]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """A table of items.

    Parameters
    ----------
    items : Vocabulary
        The ids.
    columns : mapping of str to array
        One entry per item, in row order: ``"title"``, ``"category"``, ``"price"`` and the like.
    report : Report
        What was read and left out.

    Raises
    ------
    DataError
        If a column has not one entry for each item.

    Examples
    --------
    >>> import numpy as np
    >>> table = Catalogue(Vocabulary(["a", "b"]), {"title": np.array(["tea", "cup"])})
    >>> table.titles()
    {'a': 'tea', 'b': 'cup'}
    """

    items: Vocabulary
    columns: Mapping[str, NDArray[Any]]
    report: Report = field(default_factory=Report)

    def __post_init__(self) -> None:
        """Check the lengths and freeze the columns."""
        for name, column in self.columns.items():
            if column.shape != (len(self.items),):
                raise DataError(f"{name}: is {column.shape} for {len(self.items)} items")
        columns = {name: frozen(column) for name, column in self.columns.items()}
        object.__setattr__(self, "columns", columns)

    def __len__(self) -> int:
        return len(self.items)

    def titles(self, column: str = "title") -> dict[Any, str]:
        """Return a title for each id, or another column as text."""
        if column not in self.columns:
            raise DataError(f"catalogue: there is no column {column!r}")
        return dict(zip(self.items.ids.tolist(), map(str, self.columns[column]), strict=True))
