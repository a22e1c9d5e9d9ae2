"""The day's log into yesterday's model."""

from typing import Any

import numpy as np

from pyrec.data.events import Events
from pyrec.data.interactions import Interactions
from pyrec.errors import ConfigError, DataError
from pyrec.io.reading import read_events
from pyrec.models.abilities import Updates, require
from pyrec.models.base import Model
from pyrec.preparation.cleaning import clean
from pyrec.preparation.weighting import Weighting
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.splits import rated, reading_options
from pyrec.workflow.steps import Steps

__all__ = ["late_events", "update"]


def update(
    config: RunConfig, model: Model, path: str, steps: Steps, *, allow_late: bool = False
) -> tuple[Model, dict[str, Any]]:
    """Read a log as the model's was, and return the model that knows it, too.

    The rules of cleaning apply but for the least number of events of users and items, which no
    single day could meet.

    Parameters
    ----------
    config : RunConfig
        What the model was fitted with.
    model : Model
        One that has `partial_fit`.
    path : path
        The new log, with the columns that ``[data]`` names.
    steps : Steps
        Hears of the progress.
    allow_late : bool, default False
        Whether events may lie before the latest that the model knows.

    Returns
    -------
    model : Model
        The new model; the old one stays as it is.
    facts : dict
        Plain data: ``pairs`` given, ``new_users``, ``new_items``, ``late_events``, and the
        ``drift`` of a model that knows it.

    Raises
    ------
    NotSupportedError
        If the model cannot be updated.
    ConfigError
        If its weights do not add up from one log to the next.
    DataError
        If the log cannot be read or has late events that are not allowed.
    """
    updates = require(model, Updates, "take in new events: fit it again")  # type: ignore[type-abstract]
    _require_additive(config)
    with steps("read the new events"):
        events = read_events(path, **reading_options(config.data))
        rules = config.cleaning.replace(min_user_events=None, min_item_events=None)
        events, _ = clean(events, rules)
        events = rated(events, config.data)
    late = late_events(model.interactions, events)
    if late and not allow_late:
        raise DataError(
            f"{path}: {late:,} of {len(events):,} events lie before the latest that the model "
            "knows, so they may be in it already; leave them out, or allow late events"
        )
    with steps(f"update {model.estimator.name}"):
        weighed = _weighed(events, config.weighting)
        known = updates.partial_fit(weighed)
    assert isinstance(known, Model)
    facts: dict[str, Any] = {
        "pairs": weighed.nnz,
        "new_users": len(known.users) - len(model.users),
        "new_items": len(known.items) - len(model.items),
        "late_events": late,
    }
    if drift := getattr(known, "drift", None):
        facts["drift"] = {
            "updates": drift.updates, "share": drift.share, "users": drift.users,
            "items": drift.items,
        }  # fmt: skip
    return known, facts


def late_events(known: Interactions, events: Events) -> int:
    """Return how many events lie before the latest known one; 0 where times are not recorded.

    Examples
    --------
    >>> monday = Events.from_ids(users=[1, 2], items=[5, 5], timestamps=[10, 20])
    >>> late_events(monday.aggregate(), monday)
    1
    """
    if events.timestamps is None or known.timestamps is None or known.nnz == 0:
        return 0
    return int(np.count_nonzero(events.timestamps < known.timestamps.max()))


def _require_additive(config: RunConfig) -> None:
    weighting = config.weighting
    changed = {
        "data.event_weights": config.data.event_weights == "learned",
        "weighting.merge": weighting.merge not in ("sum", "count"),
        "weighting.half_life": weighting.half_life is not None,
        "weighting.window": weighting.window is not None,
        "weighting.scheme": weighting.scheme != "none",
    }
    for option, is_changed in changed.items():
        if is_changed:
            raise ConfigError(
                f"{option}: such weights of old and new events do not add up to those of both; "
                "fit the model again"
            )


def _weighed(events: Events, weighting: Weighting) -> Interactions:
    """Merge events with the weights of those kinds that occur: a day need not have them all."""
    kinds = weighting.kinds
    if kinds is not None:
        kinds = {kind: weight for kind, weight in kinds.items() if kind in events.kind_names}
    return events.aggregate(weighting.merge, kinds)
