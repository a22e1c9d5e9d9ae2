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
from pyrec.models.base import Lists, Model
from pyrec.models.query import Filter, checked_k, encode_queries, require_room, resolve_filter
from pyrec.models.ruled import Link, Reranks, chained
from pyrec.rules.rules import CompiledRules, Rules

__all__ = ["Fallback", "FallbackRanking"]


@dataclass(frozen=True, eq=False)
class FallbackRanking(Ranking):
    """Ranked lists whose entries come from several models.

    Parameters
    ----------
    links : tuple of str
        The names of the models, in the order of the chain.
    places : int32, shape of `rows`
        Which of them gave each entry; -2 for one that rules have pinned, -1 behind the end of a
        list. Scores of different models do not compare; within a list, entries of an earlier model
        stand before those of a later one.
    """

    links: tuple[str, ...] = ()
    places: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    @cached_property
    def sources(self) -> NDArray[Any]:
        """The model that gave each entry, by name; "pinned"; None behind the end of a list."""
        names = np.array([*self.links, "pinned", None], dtype=object)
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
        rules: CompiledRules | None = None,
        threads: int = 0,
    ) -> FallbackRanking:
        """Return the `k` best items for each user, and which model gave each.

        Parameters
        ----------
        users, k, items, exclude, threads
            As in `Model.recommend`; an unknown user is one for the next model.
        exclude_seen : bool, str or list of str
            As there; each model knows what its own training data says.
        rules : CompiledRules, optional
            Compiled for the items of the chain. They hold for lists as a whole: what an earlier
            model gave counts under the caps when a later one goes on.

        Raises
        ------
        DataError
            For a malformed argument.
        """
        asked = np.atleast_1d(np.asarray(users))
        k = checked_k(k)
        require_room(len(asked), k)
        links = [
            _link(model, self.items, asked, exclude_seen=exclude_seen, threads=threads)
            for model in self.models
        ]
        filter_ = resolve_filter(items, exclude, len(asked), self.items)
        rules = Rules().compile(None, self.items) if rules is None else rules
        found = chained(rules, links, self.items, len(asked), k, filter_, threads)
        if np.ndim(users) == 0:
            rows, scores, places = (part[0] for part in found)
            asked = users
        else:
            rows, scores, places = found
        return FallbackRanking(rows, scores, self.items, asked, links=self.links, places=places)


def _link(model: Model, items: Vocabulary, users: NDArray[Any], **options: Any) -> Link:
    """Return what a model does for these users, in rows of other items than its own."""
    known = encode_queries(users, model.users, missing="mark")[0]
    unknown = "empty" if model.personal else "popular"
    same = model.items == items
    ours = items.encode(model.items.ids)
    theirs = np.append(ours, np.int32(-1))
    maker = model.model if isinstance(model, Reranks) else model

    def rank(at: NDArray[np.int32], k: int, filter_: Filter) -> Lists:
        filter_ = filter_ if same else filter_.of_items(ours)
        rows, scores = maker._lists(known[at], k, filter_, unknown, **options)
        return theirs[rows], scores

    if not isinstance(model, Reranks):
        return Link(rank)
    places = np.full(len(items) + 1, -1, np.int32)
    places[ours] = np.arange(len(ours), dtype=np.int32)

    def rerank(at: NDArray[np.int32], lists: Lists, k: int) -> Lists:
        candidates = Ranking(places[lists[0]], lists[1], model.items, users[at])
        found = model.reranked(candidates, k, threads=options["threads"])
        return theirs[found.rows], found.scores

    return Link(rank, rerank, model.candidates)
