"""Links: models in a chain that may know more users and items than each of them does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.interactions import Interactions, as_csr, as_scipy
from pyrec.data.ranking import Ranking
from pyrec.data.vocabulary import Vocabulary
from pyrec.models.abilities import FoldsIn
from pyrec.models.base import Lists, Model
from pyrec.models.query import Filter
from pyrec.models.ruled import Link, Rank, Reranks

__all__ = ["Linked", "first_items"]


@dataclass(frozen=True, eq=False)
class Linked:
    """A model of a chain that may know more users and items.

    Parameters
    ----------
    model : Model
        A fitted model.
    users : int32 (users of the chain,), optional
        The model's row of each user, -1 for who is unknown to it; None if they have the same.
    items : int32 (items of the model,), optional
        The chain's row of each of its items; None if they have the same.
    """

    model: Model
    users: NDArray[np.int32] | None
    items: NDArray[np.int32] | None

    @classmethod
    def of(cls, model: Model, users: Vocabulary, items: Vocabulary) -> Self:
        """Return the link of a model to a chain with these users and items."""
        same = model.users == users, model.items == items
        return cls(
            model,
            None if same[0] else model.users.encode(users.ids, missing="mark"),
            None if same[1] else items.encode(model.items.ids),
        )

    def shares(self, known: Interactions) -> bool:
        """Tell whether the model was fitted on these interactions, or on their first items."""
        csr, own = known.csr, self.model.interactions.csr
        first = self.items is None or np.array_equal(self.items, np.arange(len(self.items)))
        return (
            first
            and self.users is None
            and np.array_equal(own.offsets, csr.offsets)
            and np.array_equal(own.columns, csr.columns)
            and np.array_equal(own.values, csr.values)
        )

    def rows_of(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the model's rows of users of the chain; -1 is nobody."""
        if self.users is None:
            return rows
        return np.where(rows >= 0, self.users[rows], np.int32(-1))

    def of_users(
        self,
        rows: NDArray[np.int32],
        ids: NDArray[Any],
        unknown: str,
        options: Mapping[str, Any],
    ) -> Link:
        """Return what the model does for users of the chain; their ids are for re-ranking."""
        model, known = self.model, self.rows_of(rows)
        missing = "popular" if unknown == "popular" and not model.personal else "empty"
        maker = model.model if isinstance(model, Reranks) else model
        rank = self._translated(
            lambda at, k, filter_: maker._lists(known[at], k, filter_, missing, **options)
        )
        if not isinstance(model, Reranks):
            return Link(rank)

        def rerank(at: NDArray[np.int32], lists: Lists, k: int) -> Lists:
            candidates = Ranking(self._inward(lists[0]), lists[1], model.items, ids[at])
            found = model.reranked(candidates, k, threads=options["threads"])
            return self._outward(found.rows), found.scores

        return Link(rank, rerank, model.candidates)

    def of_histories(self, histories: Csr, threads: int) -> Link:
        """Return how the model ranks for people who are not known; not at all if it cannot."""
        model = self.model
        if not isinstance(model, FoldsIn):
            return Link(
                lambda at, k, _: (
                    np.full((len(at), k), -1, np.int32),
                    np.full((len(at), k), -np.inf, np.float32),
                )
            )
        own = histories
        if self.items is not None:
            own = as_csr(as_scipy(own)[:, self.items], "histories")
        return Link(
            self._translated(
                lambda at, k, filter_: model.recommend_for_rows(
                    own.take(at), k, exclude_seen=False, filter_=filter_, threads=threads
                )
            )
        )

    def _translated(self, rank: Rank) -> Rank:
        """Let a model that ranks in its own rows of items rank in those of the chain."""
        if self.items is None:
            return rank
        ours = self.items

        def translated(at: NDArray[np.int32], k: int, filter_: Filter) -> Lists:
            rows, scores = rank(at, k, filter_.of_items(ours))
            return self._outward(rows), scores

        return translated

    def _outward(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the chain's rows of items of the model; -1 is none."""
        return rows if self.items is None else np.append(self.items, np.int32(-1))[rows]

    def _inward(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the model's rows of items of the chain, that it made lists of."""
        if self.items is None:
            return rows
        own = np.full(max(int(self.items.max()), int(rows.max(initial=0))) + 2, -1, np.int32)
        own[self.items] = np.arange(len(self.items), dtype=np.int32)
        return own[rows]


def first_items(known: Interactions, n: int) -> Interactions:
    """Return the interactions with the first n items only, which are all that anybody has had."""
    if n == len(known.items):
        return known
    csr = Csr(known.csr.offsets, known.csr.columns, known.csr.values, n)
    return replace(known, items=Vocabulary(known.items.ids[:n]), csr=csr)
