"""Neighbourhood models: what is similar to what a user liked."""

from typing import Any, Literal, Self

import numpy as np
import scipy.sparse as sp

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.compat.implicit.recommender_base import (
    Answer,
    RecommenderBase,
    UnavailableError,
    finished,
    length,
    npz,
    only,
    queries,
    rows_of,
    stored_arrays,
)
from pyrec.compat.implicit.utils import check_csr
from pyrec.compat.implicit.weighting import bm25_weight, normalize, tfidf_weight
from pyrec.data.bits import bits_at
from pyrec.data.interactions import as_csr, select
from pyrec.errors import ArtifactError, DataError
from pyrec.models.query import checked_k, require_room
from pyrec.runtime import resolve_threads
from pyrec.similarity import Measure, most_similar

__all__ = [
    "BM25Recommender",
    "CosineRecommender",
    "ItemItemRecommender",
    "TFIDFRecommender",
    "all_pairs_knn",
    "bm25_weight",
    "normalize",
    "tfidf_weight",
]


class ItemItemRecommender(RecommenderBase):
    """Recommend what is similar to the user's items: by the inner products of their columns.

    The score of an item is the sum, over the user's items that count it among their `K` nearest, of
    similarity times weight. `pyrec.ItemKNN` sums over those that are among the item's own nearest.

    Parameters
    ----------
    K : int, default 20
        How many neighbours are kept for each item, itself among them.
    num_threads : int, default 0
        0 means the default of the process.

    Attributes
    ----------
    similarity : csr_matrix (n_items, n_items), or None before `fit`
        Row `i` has the nearest of item `i`. Assign another matrix to replace it.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> likes = sp.csr_matrix([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> model = ItemItemRecommender(K=3)
    >>> model.fit(likes, show_progress=False)
    >>> ids, scores = model.recommend(3, likes[3])
    >>> ids.tolist(), scores.tolist()
    ([1, 2], [2.0, 1.0])
    """

    _STORED: tuple[str, ...] = ("K", "num_threads")

    def __init__(self, K: int = 20, num_threads: int = 0) -> None:
        self.K = K
        self.num_threads = num_threads
        self.similarity = None

    @property
    def similarity(self) -> Any:
        """Row `i` has the nearest of item `i`."""
        return self._similarity

    @similarity.setter
    def similarity(self, matrix: Any) -> None:
        self._similarity = matrix
        self._nearest: Csr | None = None

    def fit(self, weighted: Any, show_progress: bool = True, callback: Any = None) -> None:
        """Find the nearest items of each.

        Parameters
        ----------
        weighted : csr_matrix (n_users, n_items)
            Weights of users' items.
        show_progress : bool
            No effect: there is no bar.
        callback : None
            There are no passes to call back after.

        Raises
        ------
        UnavailableError
            If there is a callback.
        """
        self._learn(as_csr(check_csr(weighted)), "dot", callback)

    def _learn(self, weighted: Csr, metric: Literal["dot", "cosine"], callback: Any) -> None:
        if callback is not None:
            raise UnavailableError("callback: there are no passes to call back after")
        self.similarity = _nearest(weighted, self.K, metric, self.num_threads).tocsr()

    def recommend(
        self,
        userid: Any,
        user_items: Any,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: Any = None,
        recalculate_user: bool = False,
        items: Any = None,
    ) -> Answer:
        """Return ids and scores of the best items; see `RecommenderBase.recommend`.

        Lists come from `user_items` alone: `userid` tells how many, `recalculate_user` nothing.
        Items that no liked one counts among its nearest appear only where `items` names them.
        """
        nearest = self._scored()
        n_items = nearest.shape[1]
        allowed, chosen = only(n_items, items, filter_items, ("items", "filter_items"))
        n, k = np.size(userid), length(N, chosen)
        require_room(n, k)
        liked = rows_of(user_items, n, n_items)
        lists = _kernels.recommend_sparse(
            liked,
            nearest,
            liked if filter_already_liked_items else None,
            allowed,
            k=k,
            threads=resolve_threads(self.num_threads),
        )
        return finished(lists, np.ndim(userid) == 0, np.float64, chosen)

    def similar_users(
        self, userid: Any, N: int = 10, filter_users: Any = None, users: Any = None
    ) -> Answer:
        """Refuse: these models know items only."""
        raise UnavailableError(f"{type(self).__name__}: knows items only, no similar users")

    def similar_items(
        self,
        itemid: Any,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: Any = None,
        filter_items: Any = None,
        items: Any = None,
    ) -> Answer:
        """Return ids and similarities of the nearest of one item or of many."""
        if recalculate_item:
            raise UnavailableError(f"{type(self).__name__}: cannot recalculate items")
        nearest = self._scored()
        asked, scalar = queries(itemid, nearest.shape[0], "itemid")
        allowed, chosen = only(nearest.shape[1], items, filter_items, ("items", "filter_items"))
        k = length(N, chosen)
        require_room(len(asked), k)
        found = nearest.take(asked)
        if allowed is not None:
            found = select(found, bits_at(allowed, found.columns))
        lists = _kernels.top_k_of_rows(found, k=k, threads=resolve_threads(self.num_threads))
        return finished(lists, scalar, np.float64, chosen)

    def _scored(self) -> Csr:
        if self._nearest is None:
            if self.similarity is None:
                raise DataError("the model is not fitted: call fit(user_items) first")
            self._nearest = as_csr(self.similarity, "similarity")
        return self._nearest

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_nearest": None}

    def save(self, file: Any) -> None:
        """Write an ``.npz`` to a path or an open file."""
        stored = {name: getattr(self, name) for name in self._STORED}
        if (matrix := self.similarity) is not None:
            stored |= {"shape": matrix.shape, "data": matrix.data}
            stored |= {"indptr": matrix.indptr, "indices": matrix.indices}
        np.savez(npz(file), **stored)

    @classmethod
    def load(cls, fileobj_or_path: Any) -> Self:
        """Read what `save` has written, here or in implicit."""
        stored = stored_arrays(fileobj_or_path)
        model = cls()
        for name in cls._STORED:
            if name in stored:
                setattr(model, name, stored[name].item())
        if "data" in stored:
            try:
                parts = (stored["data"], stored["indices"], stored["indptr"])
                model.similarity = sp.csr_matrix(parts, shape=stored["shape"])
            except (KeyError, ValueError) as error:
                raise ArtifactError(f"{fileobj_or_path}: has no similarity: {error}") from None
        return model


class CosineRecommender(ItemItemRecommender):
    """Recommend what is similar to the user's items: by the cosine of their columns.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> likes = sp.csr_matrix([[1, 1, 0], [1, 1, 0], [1, 0, 1]])
    >>> model = CosineRecommender()
    >>> model.fit(likes, show_progress=False)
    >>> ids, scores = model.similar_items(1)
    >>> ids.tolist(), scores.round(2).tolist()
    ([1, 0], [1.0, 0.82])
    """

    def fit(self, counts: Any, show_progress: bool = True, callback: Any = None) -> None:
        """Find the nearest items of each; see `ItemItemRecommender.fit`."""
        self._learn(as_csr(check_csr(counts)), "cosine", callback)


class TFIDFRecommender(ItemItemRecommender):
    """Recommend what is similar to the user's items: by their cosine after `tfidf_weight`.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> likes = sp.csr_matrix([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]])
    >>> model = TFIDFRecommender()
    >>> model.fit(likes, show_progress=False)
    >>> model.similar_items(0)[0].tolist()
    [0, 1]
    """

    def fit(self, counts: Any, show_progress: bool = True, callback: Any = None) -> None:
        """Find the nearest items of each; see `ItemItemRecommender.fit`."""
        weighted = tfidf_weight(check_csr(counts).T).T
        self._learn(as_csr(weighted), "cosine", callback)


class BM25Recommender(ItemItemRecommender):
    """Recommend what is similar to the user's items: by inner products after `bm25_weight`.

    Parameters
    ----------
    K, num_threads
        As in `ItemItemRecommender`.
    K1, B : float
        As in `bm25_weight`.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> likes = sp.csr_matrix([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]])
    >>> model = BM25Recommender(K=2)
    >>> model.fit(likes, show_progress=False)
    >>> model.similar_items(0)[0].tolist()
    [0, 1]
    """

    _STORED = ("K", "num_threads", "K1", "B")

    def __init__(self, K: int = 20, K1: float = 1.2, B: float = 0.75, num_threads: int = 0) -> None:
        super().__init__(K, num_threads)
        self.K1 = K1
        self.B = B

    def fit(self, counts: Any, show_progress: bool = True, callback: Any = None) -> None:
        """Find the nearest items of each; see `ItemItemRecommender.fit`."""
        weighted = bm25_weight(check_csr(counts).T, self.K1, self.B).T
        self._learn(as_csr(weighted), "dot", callback)


def all_pairs_knn(
    users: Any, K: int = 100, num_threads: int = 0, show_progress: bool = True
) -> sp.coo_matrix:
    """Return the `K` greatest inner products of each column with all columns, itself among them.

    Parameters
    ----------
    users : csr_matrix (n_users, n_items)
        Weights.
    K : int, default 100
        How many to keep.
    num_threads : int, default 0
        0 means the default of the process.
    show_progress : bool
        No effect: there is no bar.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> all_pairs_knn(sp.csr_matrix([[1, 1, 0], [1, 1, 1]]), K=2).toarray().tolist()
    [[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [1.0, 1.0, 0.0]]
    """
    return _nearest(as_csr(check_csr(users)), K, "dot", num_threads)


def _nearest(csr: Csr, K: int, metric: Literal["dot", "cosine"], num_threads: int) -> sp.coo_matrix:
    threads = resolve_threads(num_threads)
    measure = Measure(metric=metric)
    items = measure.prepare(csr.transposed(threads))
    found = most_similar(
        items, items, items.csr.transposed(threads), checked_k(K), measure, threads=threads
    )
    parts = (found.values, found.columns, found.offsets)
    return sp.csr_matrix(parts, shape=found.shape).tocoo()
