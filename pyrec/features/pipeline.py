"""Pipelines: declared steps, fitted on the training period, saved, and the same at serving time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from pyrec.arguments import require
from pyrec.config import Options, build, read_toml, suggestion
from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.data.moments import Moment, microseconds
from pyrec.data.provenance import Report
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ArtifactError, ConfigError, DataError
from pyrec.features.encodings import Arrays, Buckets, Encoded, Known, MultiHot, Numeric, OneHot
from pyrec.features.reduction import Reduce
from pyrec.features.statistics import Statistics, require_before
from pyrec.features.table import Features, rows_of
from pyrec.features.text import Text
from pyrec.io import artifact

__all__ = ["STEPS", "FittedPipeline", "Pipeline", "load"]

AnyStep: TypeAlias = OneHot | MultiHot | Buckets | Numeric | Text | Statistics | Reduce

# Names of steps, as configurations have them.
STEPS: dict[str, type[AnyStep]] = {
    str(step.__struct_config__.tag): step
    for step in (OneHot, MultiHot, Buckets, Numeric, Text, Statistics, Reduce)
}


class Pipeline(Options, frozen=True, kw_only=True):
    """Steps that turn a table of items or users into features.

    Parameters
    ----------
    steps : sequence of steps
        `OneHot`, `MultiHot`, `Buckets`, `Numeric`, `Text` and `Statistics` add columns; `Reduce`
        replaces those of all steps before it.
    of : {"items", "users"}
        Whom the table is about.
    until : date or time, optional
        The end of the training period: a log with an event that is not before it is refused.

    Raises
    ------
    ConfigError
        For an unknown or wrong option.

    Examples
    --------
    >>> shop = Catalogue(
    ...     Vocabulary(["cup", "tea"]),
    ...     {"kind": np.array(["dish", "food"]), "price": np.array([8.0, 2.0])},
    ... )
    >>> pipeline = Pipeline(steps=[OneHot(column="kind"), Numeric(column="price")])
    >>> fitted = pipeline.fit(shop)
    >>> fitted.transform(shop).dense().tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, -1.0]]
    >>> new = Catalogue(
    ...     Vocabulary(["ink"]), {"kind": np.array(["office"]), "price": np.array([5.0])}
    ... )
    >>> features = fitted.transform(new)
    >>> features.dense().tolist(), features.report.steps[-1].counts["kind: others"]
    ([[0.0, 0.0, 0.0]], 1)
    """

    steps: tuple[AnyStep, ...]
    of: Literal["items", "users"] = "items"
    until: Moment | None = None

    def __post_init__(self) -> None:
        """Check types, then that there is a step, and the moment."""
        super().__post_init__()
        if not self.steps:
            raise ConfigError("steps: there are none; name one such as OneHot(column=...)")
        if self.until is not None:
            microseconds(self.until, "until")

    @classmethod
    def from_dict(
        cls, features: Mapping[str, Any], of: Literal["items", "users"] = "items"
    ) -> "Pipeline":
        """Build a pipeline from the ``[features]`` of a configuration.

        Parameters
        ----------
        features : mapping
            Lists of steps as ``items`` and ``users``, each with the name of its kind as ``step``,
            and perhaps ``until``.
        of : {"items", "users"}
            Which of the two lists.

        Raises
        ------
        ConfigError
            For an unknown step or option (with the nearest right name), or a wrong value.

        Examples
        --------
        >>> Pipeline.from_dict({"items": [{"step": "one_hot", "colum": "kind"}]})
        Traceback (most recent call last):
        ...
        pyrec.errors.ConfigError: features.items[0].colum: unknown option; did you mean 'column'?
        """
        for name in features:
            if name not in ("items", "users", "until"):
                hint = suggestion(name, ["items", "users", "until"])
                raise ConfigError(f"features.{name}: unknown option{hint}")
        declared = features.get(of)
        if not isinstance(declared, Sequence) or not declared:
            raise ConfigError(f"features.{of}: has no steps; add one as [[features.{of}]]")
        steps = [_step(step, f"features.{of}[{at}]") for at, step in enumerate(declared)]
        return build(cls, {"steps": steps, "of": of, "until": features.get("until")}, "features")

    @classmethod
    def from_toml(cls, path: str | Path, of: Literal["items", "users"] = "items") -> "Pipeline":
        """Read the ``[[features.items]]`` or ``[[features.users]]`` of a TOML file.

        Raises
        ------
        ConfigError
            If the file cannot be read or is no TOML, and as `from_dict`.
        """
        options = read_toml(path)
        try:
            return cls.from_dict(options.get("features", {}), of)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None

    def fit(
        self,
        table: Catalogue | Vocabulary,
        *,
        events: Events | None = None,
        catalogue: Catalogue | None = None,
    ) -> "FittedPipeline":
        """Learn vocabularies, scales and statistics.

        Parameters
        ----------
        table : Catalogue or Vocabulary
            Items or users with what is known of them; a vocabulary where only the log tells.
        events : Events, optional
            The log of the training period. Only rows of ids with events in it are learnt from: what
            came later must not shape the features. Without it all rows are.
        catalogue : Catalogue, optional
            The items with their prices, for `Statistics` of users.

        Returns
        -------
        FittedPipeline

        Raises
        ------
        DataError
            If an event is not before `until`, no row is left to learn from, a column is unknown, or
            a value cannot be what the step takes it for; names the column and the id.
        """
        table = _as_table(table)
        if self.until is not None:
            if events is None:
                raise DataError("until: give the log of the training period: fit(..., events=...)")
            require_before(events, self.until)
        learnt = table if events is None else _with_events(table, events, self.of)
        prices = table if self.of == "items" and catalogue is None else catalogue
        known = Known(learnt, None, self.of, events, prices, self.until)
        fitted: list[Arrays] = []
        reductions = [at for at, step in enumerate(self.steps) if isinstance(step, Reduce)]
        for at, step in enumerate(self.steps):
            fitted.append(step.fit(known))
            if at < max(reductions, default=0):  # they alone look at what was made before them
                known = _advanced(known, step, fitted[at])
        counts = {"rows": len(learnt), "left out without events": len(table) - len(learnt)}
        return FittedPipeline(self, tuple(fitted), Report().then("fit features", counts))


@dataclass(frozen=True, eq=False)
class FittedPipeline:
    """A fitted `Pipeline`.

    Parameters
    ----------
    pipeline : Pipeline
        The steps.
    fitted : tuple of mapping of str to array
        What each has learnt.
    report : Report
        From what.

    Examples
    --------
    >>> shop = Catalogue(Vocabulary([1, 2]), {"price": np.array([8.0, 2.0])})
    >>> Pipeline(steps=[Numeric(column="price", scale="none")]).fit(shop).transform(shop)
    Features(2 integers, 1 dense columns)
    """

    pipeline: Pipeline
    fitted: tuple[Arrays, ...]
    report: Report = field(default_factory=Report)

    def transform(self, table: Catalogue | Vocabulary) -> Features:
        """Return the features of a table: of the training data, or of whatever comes later.

        A row becomes the same bits in whatever table it stands. Dense if all steps are.

        Raises
        ------
        DataError
            If a column is missing, or a value cannot be what its step takes it for.
        """
        table = _as_table(table)
        known = Known(table, None, self.pipeline.of)
        for step, arrays in zip(self.pipeline.steps, self.fitted, strict=True):
            known = _advanced(known, step, arrays)
        assert known.before is not None
        matrix, names, counts = known.before
        report = self.report.then("features", {"rows": len(table), **counts})
        return Features(table.items, matrix, names, report)

    def widths(self) -> list[int]:
        """Return how many columns each step makes; `Reduce` puts its own in place of all before.

        Examples
        --------
        >>> shop = Catalogue(Vocabulary([1, 2]), {"kind": np.array(["tea", "cup"], "T")})
        >>> Pipeline(steps=[OneHot(column="kind")]).fit(shop).widths()
        [2]
        """
        columns = {getattr(step, "column", None) for step in self.pipeline.steps} - {None}
        nothing = np.empty(0, np.dtypes.StringDType())
        known = Known(
            Catalogue(Vocabulary([]), {str(name): nothing for name in columns}),
            None,
            self.pipeline.of,
        )
        found = []
        for step, arrays in zip(self.pipeline.steps, self.fitted, strict=True):
            found.append(len(step.encode(known, arrays).names))
            known = _advanced(known, step, arrays)
        return found

    def without(self, ids: Sequence[Any]) -> "FittedPipeline":
        """Return a pipeline that has forgotten some ids, of which `Statistics` keeps numbers."""
        steps = zip(self.pipeline.steps, self.fitted, strict=True)
        return replace(self, fitted=tuple(step.without(arrays, ids) for step, arrays in steps))

    def save(self, path: str | Path) -> None:
        """Save to a directory, replacing a pipeline that is there; nothing is pickled.

        Raises
        ------
        ArtifactError
            If the directory holds something else or cannot be written.
        """
        arrays = {
            f"{at}.{name}": array
            for at, learnt in enumerate(self.fitted)
            for name, array in learnt.items()
        }
        metadata = {"pipeline": self.pipeline.get_params(), "report": self.report.to_dict()}
        artifact.write(path, metadata, arrays)


def load(path: str | Path, *, verify: bool = False) -> FittedPipeline:
    """Load a saved pipeline; its arrays are memory maps that processes share.

    Parameters
    ----------
    path : path
        The directory that `FittedPipeline.save` wrote.
    verify : bool, default False
        Whether to check the SHA-256 of every array.

    Raises
    ------
    ArtifactError
        If it is missing, corrupt, or no pipeline; names the file.

    Examples
    --------
    >>> import tempfile
    >>> shop = Catalogue(Vocabulary([1, 2]), {"price": np.array([8.0, 2.0])})
    >>> fitted = Pipeline(steps=[Numeric(column="price")]).fit(shop)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fitted.save(folder)
    ...     load(folder).transform(shop).matrix.tolist()
    [[1.0], [-1.0]]
    """
    saved = artifact.read(path, verify=verify)
    try:
        pipeline = build(Pipeline, saved.metadata["pipeline"])
        report = Report()
        for step in saved.metadata["report"]:
            report = report.then(step["name"], step["counts"], step["notes"])
        fitted = tuple(saved.part(str(at)) for at in range(len(pipeline.steps)))
    except (KeyError, ValueError, TypeError) as error:
        raise ArtifactError(
            f"{path}: is no feature pipeline that this pyrec knows ({error})"
        ) from error
    return FittedPipeline(pipeline, fitted, report)


def _step(options: Any, path: str) -> AnyStep:
    if not isinstance(options, Mapping):
        raise ConfigError(f"{path}: must be a table with the name of a step")
    name = options.get("step")
    if name not in STEPS:
        raise ConfigError(f"{path}.step: {name!r} is no step{suggestion(str(name), list(STEPS))}")
    return build(STEPS[name], options, path)


def _as_table(table: Catalogue | Vocabulary) -> Catalogue:
    require(
        table, (Catalogue, Vocabulary), "table", "pyrec.read_items makes one of a file or frame"
    )
    return Catalogue(table, {}) if isinstance(table, Vocabulary) else table


def _with_events(table: Catalogue, events: Events, of: str) -> Catalogue:
    """Return the rows of the table whose ids have events."""
    require(events, Events, "events", "pyrec.read_events makes them")
    used = getattr(events.without_unused_ids(), of)
    rows = np.sort(rows_of(used, table.items, "table"))
    rows = rows[np.searchsorted(rows, 0) :]
    if not len(rows):
        raise DataError(f"table: has none of the {len(used)} {of} of the log; check the ids")
    if len(rows) == len(table):
        return table
    columns = {name: column[rows] for name, column in table.columns.items()}
    return Catalogue(Vocabulary(table.items.ids[rows]), columns)


def _advanced(known: Known, step: AnyStep, arrays: Arrays) -> Known:
    """Put the columns of a step beside those of the steps before it."""
    encoded, before = step.encode(known, arrays), known.before
    if before is None:
        return replace(known, before=encoded)
    counts = before.counts | encoded.counts
    if isinstance(step, Reduce):
        return replace(known, before=encoded._replace(counts=counts))
    parts = [before.matrix, encoded.matrix]
    sparse = any(map(sp.issparse, parts))
    matrix = sp.hstack(parts, format="csr") if sparse else np.hstack(parts)
    return replace(known, before=Encoded(matrix, before.names + encoded.names, counts))
