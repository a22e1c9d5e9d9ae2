"""Ratings as kinds of event: what somebody liked, what they did not, and what lies between."""

from dataclasses import replace

import numpy as np

from pyrec.arguments import require
from pyrec.config import Options
from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.errors import ConfigError, DataError

__all__ = ["Ratings", "ratings_as_kinds"]

_NAMES = ("dislike", "indifferent", "like")


class Ratings(Options, frozen=True, kw_only=True):
    """Which ratings say that somebody liked an item, and which that they did not.

    Parameters
    ----------
    like : float
        Ratings of so much or more are of the kind ``"like"``.
    dislike : float
        Ratings of so much or less are of the kind ``"dislike"``; those between the two are
        ``"indifferent"``.
    """

    like: float
    dislike: float

    def __post_init__(self) -> None:
        """Check that nothing is both."""
        super().__post_init__()
        if not self.dislike < self.like:
            raise ConfigError(f"dislike: must be below like, {self.like:g}, not {self.dislike:g}")


def ratings_as_kinds(events: Events, options: Ratings) -> Events:
    """Turn ratings into kinds of event, of weight 1 each.

    Then everything that knows kinds knows them: a factor below 0 for dislikes
    (`pyrec.preparation.weighting.Weighting`), splits that judge by likes, lists without what was
    disliked.

    Parameters
    ----------
    events : Events
        Whose weights are ratings; without kinds.
    options : Ratings
        Where likes begin and dislikes end.

    Raises
    ------
    DataError
        If there are no weights, or there are kinds already.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 2], items=[5, 6, 5], weights=[5, 1, 3])
    >>> kinds = ratings_as_kinds(log, Ratings(like=4, dislike=2))
    >>> [kinds.kind_names[code] for code in kinds.kinds]
    ['like', 'dislike', 'indifferent']
    >>> kinds.aggregate(kind_weights={"like": 1, "dislike": -1, "indifferent": 0}).csr.values
    array([ 1., -1.], dtype=float32)
    """
    require(events, Events, "events", "pyrec.read_events makes them")
    if events.weights is None:
        raise DataError("ratings: the events have no weights; name the column of the ratings")
    if events.kinds is not None:
        raise DataError("ratings: the events have kinds already; give those weights instead")
    codes = 1 + (events.weights >= options.like).astype(np.uint8)
    codes[events.weights <= options.dislike] = 0
    return replace(events, kinds=owned(codes), kind_names=_NAMES, weights=None)
