"""Results: what an evaluation found, for people, programs and comparisons."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.errors import ConfigError
from pyrec.evaluation.estimates import Estimate, Values

__all__ = ["Part", "Report"]


@dataclass(frozen=True, eq=False)
class Part:
    """One group of test pairs, judged by one kind of list.

    Parameters
    ----------
    name : str
        ``"new"``, ``"repeat"`` or ``"all"``.
    title : str
        Which pairs were judged by which lists, in words.
    users : (n,)
        External ids of the users who were judged.
    pairs : int64 (n,)
        Number of test pairs of each.
    had : int64 (n,)
        Number of items that each had before.
    values : mapping of str to Values
        Per metric a number for each user; not for metrics of the whole catalogue.
    estimates : mapping of str to Estimate
        Per metric the mean and its interval.
    shown : int64 (n_items,), optional
        How many of the lists have each of the model's items, up to the longest cut-off.
    """

    name: str
    title: str
    users: NDArray[Any]
    pairs: NDArray[np.int64]
    had: NDArray[np.int64]
    values: Mapping[str, Values]
    estimates: Mapping[str, Estimate]
    shown: NDArray[np.int64] | None = None

    def __getitem__(self, metric: str) -> float:
        return self.estimate(metric).mean

    def estimate(self, metric: str) -> Estimate:
        """Return a metric's mean with its interval.

        Raises
        ------
        ConfigError
            If it was not measured; names those that were.
        """
        if metric not in self.estimates:
            raise ConfigError(
                f"metrics: {metric!r} was not measured; there are "
                + ", ".join(map(repr, self.estimates))
            )
        return self.estimates[metric]

    def per_user(self) -> dict[str, NDArray[Any]]:
        """Return a table with a row for each user, as columns that any frame library takes."""
        columns = {"user": self.users, "pairs": self.pairs}
        return columns | {label: one.values for label, one in self.values.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON: everything but the per-user values."""
        return {
            "name": self.name,
            "title": self.title,
            "users": len(self.users),
            "pairs": int(self.pairs.sum()),
            "metrics": {label: one.to_dict() for label, one in self.estimates.items()},
        }

    def __str__(self) -> str:
        width = max(len("metric"), *map(len, self.estimates))
        lines = [
            f"{self.title}: {self.pairs.sum():,} pairs of {len(self.users):,} users",
            f"  {'metric':<{width}}    mean  95% interval          users",
        ]
        for label, one in self.estimates.items():
            between = "" if one.low is None else f"[{one.low:.4f}, {one.high:.4f}]"
            users = "" if one.users is None else f"{one.users:,}"
            lines.append(f"  {label:<{width}}  {one.mean:6.4f}  {between:<18}  {users:>7}".rstrip())
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Report:
    """What `pyrec.evaluate` found. ``report["recall@20"]`` is a mean of the main part.

    Parameters
    ----------
    model : mapping
        Name and parameters of the model.
    parts : tuple of Part
        The groups of test pairs that were judged, the main one first. They never mix: what lists
        hide in one of them is judged in another.
    counts : mapping of str to int
        What the test holds, and what became of it.
    protocol : mapping
        All options, the metrics' definitions, and how the data was split.
    """

    model: Mapping[str, Any]
    parts: tuple[Part, ...]
    counts: Mapping[str, int]
    protocol: Mapping[str, Any]

    @property
    def main(self) -> Part:
        """The first part."""
        return self.parts[0]

    def part(self, name: str) -> Part:
        """Return a part by name.

        Raises
        ------
        ConfigError
            If it was not judged, or had no pairs.
        """
        for part in self.parts:
            if part.name == name:
                return part
        judged = ", ".join(repr(part.name) for part in self.parts)
        raise ConfigError(f"pairs: no {name!r} pairs were judged; there are {judged}")

    def __getitem__(self, metric: str) -> float:
        return self.main[metric]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def to_columns(self) -> dict[str, list[Any]]:
        """Return a table with a row for each part and metric, as columns for a frame.

        Examples
        --------
        >>> import pandas, pyrec, scipy.sparse as sp
        >>> model = pyrec.Popularity().fit(sp.csr_array([[1, 1, 0], [1, 0, 0]]))
        >>> report = pyrec.evaluate(model, sp.csr_array([[0, 0, 1], [0, 1, 0]]), metrics="mrr@1")
        >>> pandas.DataFrame(report.to_columns())[["part", "metric", "mean", "users"]]
          part metric  mean  users
        0  new  mrr@1   1.0      2
        """
        rows = [
            {"part": part.name, "metric": label, **one.to_dict()}
            for part in self.parts
            for label, one in part.estimates.items()
        ]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {
            "model": dict(self.model),
            "parts": [part.to_dict() for part in self.parts],
            "counts": dict(self.counts),
            "protocol": dict(self.protocol),
        }

    def __str__(self) -> str:
        counts = [f"{count:,} {name.replace('_', ' ')}" for name, count in self.counts.items()]
        return "\n".join(
            [f"{self.model['name']}, judged on {', '.join(counts)}", *map(str, self.parts)]
        )
