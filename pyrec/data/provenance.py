"""Provenance: what was read, inferred and removed on the way to the data at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Report", "Step"]


@dataclass(frozen=True)
class Step:
    """One thing that was done to the data.

    Parameters
    ----------
    name : str
        What was done: ``"read"``, ``"clean"``.
    counts : mapping of str to int
        Named numbers of rows, in the order in which they shall be told.
    notes : tuple of str
        What was inferred or should be known, as sentences.
    """

    name: str
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The steps that led to the data, first one first. It is carried along by every result.

    Examples
    --------
    >>> report = Report().then("read", {"rows": 3}, ["timestamp: seconds inferred"])
    >>> report.to_dict()
    [{'name': 'read', 'counts': {'rows': 3}, 'notes': ['timestamp: seconds inferred']}]
    >>> print(report)
    read: rows 3
      timestamp: seconds inferred
    """

    steps: tuple[Step, ...] = ()

    def then(
        self, name: str, counts: Mapping[str, int], notes: list[str] | tuple[str, ...] = ()
    ) -> "Report":
        """Return the report with one more step."""
        return Report((*self.steps, Step(name, dict(counts), tuple(notes))))

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the steps as plain data, for JSON."""
        return [
            {"name": step.name, "counts": dict(step.counts), "notes": list(step.notes)}
            for step in self.steps
        ]

    def __str__(self) -> str:
        lines = []
        for step in self.steps:
            counts = ", ".join(f"{name} {count:,}" for name, count in step.counts.items())
            lines += [f"{step.name}: {counts}", *(f"  {note}" for note in step.notes)]
        return "\n".join(lines)
