"""Fallback: who is unknown to one model is left to the next, and every entry says whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.data.ranking import Ranking
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.models.base import Model
from pyrec.models.query import checked_k

__all__ = ["Fallback", "FallbackRanking"]


@dataclass(frozen=True, eq=False)
class FallbackRanking(Ranking):
    """Ranked lists whose entries come from several models.

    Parameters
    ----------
    links : tuple of str
        The names of the models, in the order of the chain.
    places : int32, shape of `rows`
        Which of them gave each entry; -1 behind the end of a list. Scores of different models do
        not compare; within a list, entries of an earlier model stand before those of a later one.
    """

    links: tuple[str, ...] = ()
    places: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    @cached_property
    def sources(self) -> NDArray[Any]:
        """The name of the model that gave each entry, None behind the end of a list."""
        names = np.array([*self.links, None], dtype=object)
        return np.asarray(names[self.places])

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Return `Ranking.to_columns`, and the source of each entry."""
        sources = self.sources[self.rows >= 0]
        return {**super().to_columns(), "source": sources.astype(np.dtypes.StringDType())}


class Fallback:
    """Fitted models, each for whom and for what those before it have no answer.

    The usual chain: a personal model, one of content, the popularity within a segment, popularity.
    A list that a model leaves short is filled up by the next, without repeats. Models that are not
    personal answer for people whom nobody knows.

    Parameters
    ----------
    models : sequence of Model, or mapping of str to Model
        Fitted on the same log; the catalogue is that of all together. Their names are those of the
        estimators if none are given.

    Raises
    ------
    DataError
        If there is no model, two have the same name, or their items are of different kinds.

    Examples
    --------
    >>> import pyrec
    >>> had = {"users": [1, 1, 2, 2, 3], "items": ["tea", "mug", "tea", "pot", "tea"]}
    >>> log = pyrec.Events.from_ids(**had)
    >>> chain = Fallback([pyrec.ItemKNN().fit(log), pyrec.Popularity().fit(log)])
    >>> ranking = chain.recommend([1, 99], k=2)
    >>> ranking.ids.tolist()
    [['pot', None], ['tea', 'mug']]
    >>> ranking.sources.tolist()
    [['item_knn', None], ['popularity', 'popularity']]
    """

    def __init__(self, models: Sequence[Model] | Mapping[str, Model]) -> None:
        require(models, (Sequence, Mapping), "models", "give a list of fitted models")
        named = models.items() if isinstance(models, Mapping) else [(None, m) for m in models]
        if not named:
            raise DataError("models: there are none; give at least one")
        for _, model in named:
            require(model, Model, "models", "fit(...) returns one")
        self.models = tuple(model for _, model in named)
        self.links = tuple(name or model.estimator.name for name, model in named)
        if len(set(self.links)) < len(self.links):
            raise DataError(
                f"models: names must differ, but are {self.links}; give {{name: model, ...}}"
            )

    @cached_property
    def items(self) -> Vocabulary:
        """What any of the models can recommend: the first one's items, then others'."""
        items = self.models[0].items
        for model in self.models[1:]:
            items = items.extend(model.items.ids)
        return items

    def recommend(
        self,
        users: Any,
        k: int = 10,
        *,
        exclude_seen: bool | str | list[str] = True,
        items: Any = None,
        exclude: Any = None,
        threads: int = 0,
    ) -> FallbackRanking:
        """Return the `k` best items for each user, and which model gave each.

        Parameters
        ----------
        users, k, items, exclude, threads
            As in `Model.recommend`; an unknown user is one for the next model.
        exclude_seen : bool, str or list of str
            As there; each model knows what its own training data says.

        Raises
        ------
        DataError
            For a malformed argument.
        """
        asked = np.atleast_1d(np.asarray(users))
        k = checked_k(k)
        rows = np.full((len(asked), k), -1, np.int32)
        scores = np.full((len(asked), k), -np.inf, np.float32)
        places = np.full((len(asked), k), -1, np.int32)
        for place, model in enumerate(self.models):
            short = np.flatnonzero(rows[:, -1] < 0)
            if not len(short):
                break
            found = model.recommend(
                asked[short], k, exclude_seen=exclude_seen, items=_of(items, short),
                exclude=_of(exclude, short), threads=threads,
                unknown="empty" if model.personal else "popular",
            )  # fmt: skip
            target = np.append(self.items.encode(model.items.ids), np.int32(-1))[found.rows]
            parts = rows[short], scores[short], places[short]
            _fill(parts, target, found.scores, place)
            rows[short], scores[short], places[short] = parts
        if np.ndim(users) == 0:
            return FallbackRanking(
                rows[0], scores[0], self.items, users, links=self.links, places=places[0]
            )
        return FallbackRanking(rows, scores, self.items, asked, links=self.links, places=places)


def _of(ids: Any, chosen: NDArray[np.int64]) -> Any:
    """Return the lists of some of the users, where each has their own."""
    if isinstance(ids, list | tuple) and any(np.ndim(entry) > 0 for entry in ids):
        return [ids[i] for i in chosen]
    per_user = getattr(ids, "ndim", 1) == 2
    return ids[chosen] if per_user else ids


def _fill(
    lists: tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]],
    more: NDArray[np.int32],
    scores: NDArray[np.float32],
    place: int,
) -> None:
    """Append to each list what it has not yet, as far as it goes."""
    rows, own_scores, places = lists
    k = rows.shape[1]
    # A list of k with at most k - 1 repeats has enough for what is missing.
    new = (more >= 0) & ~np.any(more[:, :, None] == rows[:, None, :], axis=2)
    at = np.sum(rows >= 0, axis=1)[:, None] + np.cumsum(new, axis=1) - 1
    new &= at < k
    of, column = np.nonzero(new)
    to = at[of, column]
    rows[of, to], own_scores[of, to] = more[of, column], scores[of, column]
    places[of, to] = place
