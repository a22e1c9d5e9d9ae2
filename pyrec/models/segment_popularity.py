"""SegmentPopularity: what most people of a segment had."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require, require_memory
from pyrec.data.bits import Words
from pyrec.data.columns import frozen, owned
from pyrec.data.interactions import Interactions
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.models.base import Callback, Estimator, Lists, Model, checked_input
from pyrec.models.degrees import votes
from pyrec.models.search import Ranges
from pyrec.models.side_information import with_users
from pyrec.runtime import resolve_threads

__all__ = ["SegmentPopularity", "SegmentPopularityModel"]


class SegmentPopularity(Estimator, frozen=True, kw_only=True):
    """Rank items by how many users of one's own segment had them, less those who disliked them.

    It needs no history: a newcomer whose segment is known gets the list of the segment. A user of
    no segment gets none.

    Examples
    --------
    >>> import pyrec
    >>> log = pyrec.Events.from_ids(users=["ann", "bob", "bob"], items=["tea", "mug", "pot"])
    >>> where = {"ann": "north", "bob": "south", "eve": "south"}
    >>> model = SegmentPopularity().fit(log, user_segments=where)
    >>> model.recommend("eve", k=2).ids.tolist()
    ['mug', 'pot']
    """

    name: ClassVar[str] = "segment_popularity"
    besides: ClassVar[tuple[str, ...]] = ("user_segments",)
    search: ClassVar[Ranges] = {}

    def fit(
        self,
        interactions: Any,
        *,
        user_segments: Mapping[Any, Any] | None = None,
        callback: Callback | None = None,
    ) -> "SegmentPopularityModel":
        """Count the users of each segment who had each item.

        Parameters
        ----------
        interactions : Interactions, Events or scipy sparse (n_users, n_items)
            What people had.
        user_segments : mapping of id to label
            The segment of each user, such as a country or, of `pyrec.features.find_segments`,
            ``dict(zip(found.features.ids.ids.tolist(), found.numbers.tolist()))``. Users without
            interactions join the model.

        Raises
        ------
        DataError
            If there are no segments, or none of a user who has interactions.
        """
        known = checked_input(interactions, callback)
        require(user_segments, Mapping, "user_segments", "give {user: segment}")
        assert user_segments is not None
        if not user_segments:
            raise DataError("user_segments: is empty; give {user: segment}")
        ids = Vocabulary(list(user_segments))
        known = with_users(known, ids)
        labels, numbers = np.unique(
            np.array([str(label) for label in user_segments.values()]), return_inverse=True
        )
        segments = np.full(len(known.users), -1, np.int32)
        segments[known.users.encode(ids.ids)] = numbers
        return SegmentPopularityModel(
            self, known, owned(segments), self._counts(known, segments, len(labels))
        )

    def _counts(
        self, interactions: Interactions, segments: NDArray[np.int32], n: int
    ) -> NDArray[np.float32]:
        n_items = len(interactions.items)
        require_memory(12 * n_items * n, "counts of segments", "use fewer segments")
        of_pair = np.repeat(segments, np.diff(interactions.csr.offsets))
        there = of_pair >= 0
        if not np.any(there):
            raise DataError("user_segments: no user with interactions is in any segment")
        keys = interactions.csr.columns[there].astype(np.int64) * n + of_pair[there]
        counts = np.bincount(keys, votes(interactions.csr)[there], minlength=n_items * n)
        return owned(counts.astype(np.float32).reshape(n_items, n))


class SegmentPopularityModel(Model):
    """A fitted `SegmentPopularity`; the score of an item is its number of users in the segment.

    Attributes
    ----------
    segments : int32 (n_users,)
        The segment of each user, -1 for none.
    counts : float32 (n_items, n_segments)
        Numbers of users.
    """

    def __init__(
        self,
        estimator: SegmentPopularity,
        interactions: Interactions,
        segments: NDArray[np.int32],
        counts: NDArray[np.float32],
    ) -> None:
        super().__init__(estimator, interactions)
        self.segments, self.counts = frozen(segments), frozen(counts)

    def _top_k(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        exclude: Csr | None,
        allowed: Words | None,
        threads: int,
    ) -> Lists:
        return _kernels.recommend_dense(
            self._members(user_rows), self.counts, exclude, allowed, k=k, threads=threads
        )

    def _score(
        self, user_rows: NDArray[np.int32], item_rows: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        return _kernels.score_pairs(
            self._members(user_rows),
            self.counts,
            np.arange(len(user_rows), dtype=np.int32),
            item_rows,
            threads=resolve_threads(),
        )

    def _members(self, user_rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return a 1 in the column of each user's segment: it is a model with a factor for each."""
        members = np.zeros((len(user_rows), self.counts.shape[1]), np.float32)
        some = np.flatnonzero(self.segments[user_rows] >= 0)
        members[some, self.segments[user_rows[some]]] = 1
        return members

    def _scratch_bytes(self, n: int, k: int, threads: int) -> int:
        return super()._scratch_bytes(n, k, threads) + 4 * n * int(self.counts.shape[1])

    def _without_history(self, user_rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        return np.asarray((user_rows >= 0) & (self.segments[user_rows] < 0))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"segments": self.segments, "counts": self.counts}

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        return cls(estimator, interactions, arrays["segments"], arrays["counts"])
