"""What models of sequences have in common: they learn from the order of events.

The running session, or what a user had lately, is one row of weights over items, most for the
latest item (`pyrec.preparation.weighting.recency`). So lists, filters, scores and explanations are
made like those of models that know no order.
"""

from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec.data.events import Events
from pyrec.data.interactions import Interactions
from pyrec.data.sequences import Sequences
from pyrec.models.abilities import FoldsIn
from pyrec.models.base import Callback, Estimator, Model, checked_input
from pyrec.preparation.weighting import Weighting, recency, weigh, weigh_events

__all__ = ["Sequential", "SequentialModel", "weighed"]


class Sequential(Estimator, frozen=True, kw_only=True):
    """An estimator that learns from what came after what."""

    recency: Annotated[float, Meta(ge=0, le=10)] = 1.0

    def fit(self, interactions: Any, *, callback: Callback | None = None) -> Model:
        """Learn from events in their order and return a fitted model.

        Parameters
        ----------
        interactions : Events or Interactions
            In order of time, or of arrival where events have no times; see `Sequences.of`. Their
            sessions count, if they have any. Interactions must have timestamps, and stand for the
            latest event of each pair: prefer the events.
        callback : callable, optional
            Not called: there is one pass.

        Raises
        ------
        DataError
            If there are no events or they have no order, or a weight is negative.
        """
        known = checked_input(interactions, callback)
        data = interactions if isinstance(interactions, Events) else known
        return self._fit_sequences(Sequences.of(data), _lately(data, self.recency))

    def _fit_sequences(self, sequences: Sequences, lately: Interactions) -> Model:
        """Learn from sequences; `lately` is what each user had, weighed by recency."""
        raise NotImplementedError


class SequentialModel(Model, FoldsIn):
    """A fitted model of sequences.

    Attributes
    ----------
    interactions : Interactions
        What each user had, weighed by recency: the running session that `recommend` goes on with.
    """

    estimator: Sequential

    def weigh_histories(self, histories: Events | Interactions) -> Interactions:
        """Weigh what people have had by recency; weights without times are taken as they are."""
        if isinstance(histories, Interactions) and histories.timestamps is None:
            return histories
        return _lately(histories, self.estimator.recency)

    def _weigh_list(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        distinct, from_end = np.unique(rows[::-1], return_index=True)
        later = np.argsort(np.argsort(from_end))
        return distinct, ((1.0 + later) ** -self.estimator.recency).astype(np.float32)


def _lately(data: Events | Interactions, exponent: float) -> Interactions:
    """Weigh pairs by recency; the order of arrival stands for times that events lack."""
    if isinstance(data, Interactions):
        return recency(data, exponent)
    if data.timestamps is not None:
        return recency(data.aggregate(), exponent)
    timed = replace(data, timestamps=np.arange(len(data)))
    return replace(recency(timed.aggregate(), exponent), timestamps=None)


def weighed(estimator: Estimator, events: Events, options: Weighting) -> Events | Interactions:
    """Weigh events as an estimator learns from them: one by one, or merged."""
    how = weigh_events if isinstance(estimator, Sequential) else weigh
    return how(events, options)
