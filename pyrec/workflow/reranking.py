"""Reranking: what a configuration does to the lists of its models, as entrants beside them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec.config import suggestion
from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.data.moments import DAY
from pyrec.errors import ConfigError
from pyrec.models.base import Model
from pyrec.rerank import Chain, Context, RerankedModel

__all__ = ["Reranking", "check_models", "reranked"]


class Reranking(Chain, frozen=True, kw_only=True):
    """``[[rerank]]``: steps from candidates to lists, judged beside the lists of the plain model.

    Parameters
    ----------
    steps : list of re-rankers
        At least one; a table each with its ``method``.
    label : str, optional
        What it is called; by default after its steps.
    candidates : int, default 100
        How many the steps choose from.
    models : str or list of str, optional
        Labels of the models whose lists are re-ranked; by default every one.

    Examples
    --------
    >>> from pyrec.config import build
    >>> build(Reranking, {"steps": [{"method": "mmr"}, {"method": "calibration"}]}).name
    'mmr, calibration'
    """

    label: str | None = None
    candidates: Annotated[int, Meta(ge=1)] = 100
    models: str | tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called."""
        return self.label or ", ".join(str(step.__struct_config__.tag) for step in self.steps)

    @property
    def columns(self) -> list[str]:
        """The columns of the catalogue that sort items for its steps."""
        return [step.groups for step in self.steps if hasattr(step, "groups")]

    def is_for(self, model: str) -> bool:
        """Tell whether lists of the model of that label are re-ranked."""
        labels = [self.models] if isinstance(self.models, str) else self.models
        return not labels or model in labels


def check_models(rerankings: Sequence[Reranking], labels: Sequence[str]) -> None:
    """Raise for a model that a re-ranking names and a configuration lacks."""
    for at, one in enumerate(rerankings):
        named = [one.models] if isinstance(one.models, str) else one.models
        for label in named:
            if label not in labels:
                known = suggestion(label, list(labels))
                raise ConfigError(f"rerank[{at}].models: there is no model {label!r}{known}")


def reranked(
    rerankings: Sequence[Reranking],
    label: str,
    model: Model,
    train: Events,
    catalogue: Catalogue | None,
) -> dict[str, RerankedModel]:
    """Return a model with each of the re-rankings that are for it, by label.

    Parameters
    ----------
    rerankings : sequence of Reranking
        All of a configuration; those of the same name are numbered.
    label : str
        Of the model.
    model : Model
        Fitted to `train`.
    train : Events
        Items are as old as they were at its last event: since the time that the column ``since`` of
        the catalogue has, or else since their first event.
    catalogue : Catalogue, optional
        Has the columns that steps name, perhaps ``price`` and ``since``.

    Raises
    ------
    ConfigError
        If a step looks at a column and there is no catalogue.
    DataError
        For a column that the catalogue lacks, or that does not hold what it should.
    """
    chosen = [one for one in rerankings if one.is_for(label)]
    if not chosen:
        return {}
    columns = list(dict.fromkeys(column for one in chosen for column in one.columns))
    if columns and catalogue is None:
        raise ConfigError(
            f"rerank: the column {columns[0]!r} of items is needed; name their table as "
            "[data.catalogue]"
        )
    context = _context(model, train, catalogue, columns)
    names = [one.name for one in chosen]
    return {
        f"{label} + {one.name}" + f" {names[: i + 1].count(one.name)}" * (names.count(one.name) > 1)
        : RerankedModel(model, one, context, candidates=one.candidates)
        for i, one in enumerate(chosen)
    }  # fmt: skip


def _context(
    model: Model, train: Events, catalogue: Catalogue | None, columns: Sequence[str]
) -> Context:
    times = train.timestamps
    now = None if times is None or not len(times) else int(times.max())
    context = Context.of(model, catalogue, groups=columns, now=now)
    if context.ages is not None or now is None or times is None:
        return context
    return replace(context, ages=(now - _first_times(model, train, times)) / DAY)


def _first_times(model: Model, train: Events, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the time of the first event of each of the model's items; NaN for none."""
    rows = model.items.encode(train.items.ids, missing="mark")[train.item_rows]
    first = np.full(len(model.items), np.inf)
    np.minimum.at(first, rows[rows >= 0], times[rows >= 0])
    return np.where(np.isinf(first), np.nan, first)
