"""Abilities that not every model has. ``isinstance(model, FoldsIn)`` tells before a call does.

Each turns ids into rows, asks the model's own method, and turns rows into ids.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.columns import checked_weights, owned
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions, as_csr
from pyrec.data.ranking import Explanation, Explanations, Ranking
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError, NotSupportedError
from pyrec.models.base import Lists, Model
from pyrec.models.query import (
    Filter,
    checked_k,
    encode_queries,
    known_rows,
    require_room,
    resolve_filter,
)
from pyrec.models.ruled import ranked
from pyrec.models.updating import Forgets, Refits, Updates
from pyrec.rules.rules import CompiledRules
from pyrec.runtime import resolve_threads

__all__ = [
    "Explains", "FoldsIn", "Forgets", "Refits", "SimilarItems", "SimilarUsers", "Updates",
    "require",
]  # fmt: skip

A = TypeVar("A")


def require(model: Model, ability: type[A], what: str) -> A:
    """Return the model as having the ability, or raise saying which model lacks it.

    Raises
    ------
    NotSupportedError
        If the model lacks it.
    """
    if not isinstance(model, ability):
        raise NotSupportedError(f"{model.estimator.name}: this model cannot {what}")
    return model


class FoldsIn(ABC):
    """Recommends to people who were not in the training data, from what they have had so far."""

    def recommend_for(
        self,
        histories: Any,
        k: int = 10,
        *,
        exclude_seen: bool = True,
        items: Any = None,
        exclude: Any = None,
        rules: CompiledRules | None = None,
        threads: int = 0,
    ) -> Ranking:
        """Return the `k` best items for each history.

        Parameters
        ----------
        histories : list of ids, {id: weight}, list of such, Events, Interactions or scipy sparse
            What each person has had: one flat list gives one list, a list of lists a batch. A
            sparse matrix is over the model's item rows and carries weights, as a mapping does:
            those below 0 are dislikes. What is in a list weighs 1, or, for a model of sequences,
            the more the later it stands. Unknown ids are left out and counted in a warning of the
            logger ``pyrec``.
        k, exclude_seen, items, exclude, rules, threads
            As in `Model.recommend`; `exclude_seen` refers to the history given.

        Returns
        -------
        Ranking
            A history without a known item gets an empty list.

        Raises
        ------
        DataError
            For a malformed argument.
        """
        assert isinstance(self, Model)
        k = checked_k(k)
        csr, single = _histories(histories, self, self)
        require_room(csr.shape[0], k)
        filter_ = resolve_filter(items, exclude, csr.shape[0], self.items)

        def rank(at: NDArray[np.int32], k: int, filter_: Filter) -> Lists:
            return self.recommend_for_rows(
                csr.take(at), k, exclude_seen=exclude_seen, filter_=filter_, threads=threads
            )

        rows, scores = ranked(rules, rank, self.items, csr.shape[0], k, filter_, threads)
        if single:
            return Ranking(rows[0], scores[0], self.items)
        return Ranking(rows, scores, self.items)

    def recommend_for_rows(
        self,
        histories: Csr,
        k: int,
        *,
        exclude_seen: bool = True,
        filter_: Filter | None = None,
        threads: int = 0,
    ) -> Lists:
        """Return rows and scores (n, k) for histories over item rows: no ids."""
        filter_ = filter_ or Filter()
        if exclude_seen:
            filter_ = filter_.hiding(histories)
        rows, scores = self._top_k_for(histories, k, filter_, resolve_threads(threads))
        empty = np.diff(histories.offsets) == 0
        rows[empty], scores[empty] = -1, -np.inf
        return rows, scores

    def weigh_histories(self, histories: Events | Interactions) -> Interactions:
        """Return what people have had with the weights that the model expects: those given."""
        return histories.aggregate() if isinstance(histories, Events) else histories

    def _weigh_list(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the distinct items of one history in order of rows, and their weights: 1."""
        distinct = np.unique(rows)
        return distinct, np.ones(len(distinct), np.float32)

    @abstractmethod
    def _top_k_for(self, histories: Csr, k: int, filter_: Filter, threads: int) -> Lists:
        """Rank all items for each history under the filter."""


class SimilarItems(ABC):
    """Finds items like a given one."""

    def similar_items(self, items: Any, k: int = 10, *, threads: int = 0) -> Ranking:
        """Return the `k` items most similar to each given one, itself left out.

        Parameters
        ----------
        items : id or array_like of ids
            One id gives one list, an array a batch.
        k : int, default 10
            Length of the lists.

        Raises
        ------
        UnknownIdError
            For an unknown id.
        """
        assert isinstance(self, Model)
        rows, scalar = encode_queries(items, self.items)
        require_room(len(rows), checked_k(k))
        found, scores = self._similar_items(rows, checked_k(k), resolve_threads(threads))
        if scalar:
            return Ranking(found[0], scores[0], self.items, items)
        return Ranking(found, scores, self.items, np.asarray(items))

    @abstractmethod
    def _similar_items(self, item_rows: NDArray[np.int32], k: int, threads: int) -> Lists:
        """Return rows and scores (n, k), the item itself left out."""


class SimilarUsers(ABC):
    """Finds users like a given one."""

    def similar_users(self, users: Any, k: int = 10, *, threads: int = 0) -> Ranking:
        """Return the `k` users most similar to each given one, themselves left out.

        The ranking's ids are users.

        Raises
        ------
        UnknownIdError
            For an unknown id.
        """
        assert isinstance(self, Model)
        rows, scalar = encode_queries(users, self.users)
        require_room(len(rows), checked_k(k))
        found, scores = self._similar_users(rows, checked_k(k), resolve_threads(threads))
        if scalar:
            return Ranking(found[0], scores[0], self.users, users)
        return Ranking(found, scores, self.users, np.asarray(users))

    @abstractmethod
    def _similar_users(self, user_rows: NDArray[np.int32], k: int, threads: int) -> Lists:
        """Return rows and scores (n, k), the user left out."""


class Explains(ABC):
    """Says which parts of a user's history speak for an item."""

    def explain(self, user: Any, item: Any, k: int = 10) -> Explanation:
        """Return the `k` items of the user's history that contribute most to the item's score.

        Parameters
        ----------
        user, item : id
            Whose list, and which item of it.
        k : int, default 10
            How many contributions to return, largest first.

        Raises
        ------
        UnknownIdError
            For an unknown id.
        """
        assert isinstance(self, Model)
        for name, id_ in (("user", user), ("item", item)):
            if np.ndim(id_) > 0:
                raise DataError(f"{name}: must be one id, not {id_!r}")
        user_row, item_row = int(self.users.encode(user)), int(self.items.encode(item))
        rows, contributions = self._explain(user_row, item_row)
        order = np.lexsort((rows, -contributions))[: checked_k(k)]
        total = float(np.sum(contributions, dtype=np.float64))
        return Explanation(total, rows[order], contributions[order], self.items)

    def explain_batch(
        self, users: Any, items: Any = None, k: int = 3, *, threads: int = 0
    ) -> Explanations:
        """Return, for each item of each list, what of the user's history contributes most.

        Parameters
        ----------
        users : Ranking, or array_like of ids (n,)
            Lists of this model, as `Model.recommend` returned them, or whose items to explain.
        items : array_like of ids (n, m), optional
            With ids of users: distinct items for each.
        k : int, default 3
            How many contributions to return for each, largest first.
        threads : int, default 0
            Number of threads; 0 means the default of the process.

        Returns
        -------
        Explanations
            Rows and contributions (n, m, k), totals (n, m).

        Raises
        ------
        UnknownIdError
            For an unknown id.
        DataError
            For lists without users, or items that do not fit the users.

        Examples
        --------
        >>> import pyrec, scipy.sparse as sp
        >>> model = pyrec.ItemKNN().fit(sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]]))
        >>> why = model.explain_batch(model.recommend([3], k=2), k=1)
        >>> why.rows.tolist(), why.totals.shape
        ([[[0], [0]]], (1, 2))
        """
        assert isinstance(self, Model)
        k = checked_k(k)
        ids, user_rows, targets = _lists_to_explain(users, items, self)
        require_room(targets.size, k)
        rows, contributions, totals = self._explain_batch(
            user_rows, targets, k, resolve_threads(threads)
        )
        shape = (*targets.shape, k)
        return Explanations(
            ids, targets, rows.reshape(shape), contributions.reshape(shape),
            totals.reshape(targets.shape), self.items,
        )  # fmt: skip

    def _explain_batch(
        self, user_rows: NDArray[np.int32], targets: NDArray[np.int32], k: int, threads: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float64]]:
        """Return rows and contributions (n * m, k), and totals (n * m,): here, pair by pair."""
        n = targets.size
        rows = np.full((n, k), -1, dtype=np.int32)
        contributions = np.full((n, k), -np.inf, dtype=np.float32)
        totals = np.zeros(n)
        for at in np.flatnonzero(targets.ravel() >= 0):
            user, item = user_rows[at // targets.shape[1]], targets.ravel()[at]
            parts, added = self._explain(int(user), int(item))
            order = np.lexsort((parts, -added))[:k]
            rows[at, : len(order)], contributions[at, : len(order)] = parts[order], added[order]
            totals[at] = np.sum(added, dtype=np.float64)
        return rows, contributions, totals

    @abstractmethod
    def _explain(
        self, user_row: int, item_row: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return every history item and its contribution; they sum to the score."""


def _lists_to_explain(
    users: Any, items: Any, model: Model
) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32]]:
    """Return ids and rows of users (n,), and rows of their items (n, m)."""
    if isinstance(users, Ranking):
        if users.users is None or items is not None:
            raise DataError(
                "users: lists must have users, and come without `items`; Model.recommend makes them"
            )
        ids = np.atleast_1d(np.asarray(users.users))
        targets = np.ascontiguousarray(np.atleast_2d(users.rows), dtype=np.int32)
    else:
        ids = np.atleast_1d(np.asarray(users))
        if np.ndim(items) != 2 or len(items) != len(ids):
            raise DataError(f"items: must be a list for each of the {len(ids)} users, all as long")
        known, _ = encode_queries(np.asarray(items), model.items)
        targets = np.ascontiguousarray(known.reshape(np.shape(items)))
    _kernels.validate_lists(targets, items=len(model.items))
    return ids, encode_queries(ids, model.users)[0], targets


def _histories(histories: Any, model: Model, folding: FoldsIn) -> tuple[Csr, bool]:
    """Return histories over the model's item rows, and whether it was a single one."""
    if isinstance(histories, Events | Interactions):
        return _aligned(folding.weigh_histories(histories), model), False
    if sp.issparse(histories) or isinstance(histories, Csr):
        csr = as_csr(histories, "histories")
        if csr.shape[1] != len(model.items):
            raise DataError(
                f"histories: have {csr.shape[1]} columns, the model has {len(model.items)} items"
                + ("; are they transposed?" if csr.shape[0] == len(model.items) else "")
            )
        return csr, False
    if isinstance(histories, Mapping):
        return _of_mappings([histories], model.items), True
    if isinstance(histories, list | tuple) and any(isinstance(one, Mapping) for one in histories):
        return _of_mappings(histories, model.items), False
    if not isinstance(histories, list | tuple | np.ndarray):
        raise DataError(
            "histories: must be ids, {id: weight}, lists of such, Interactions or scipy sparse, "
            f"not {type(histories).__name__}"
        )
    single = len(histories) == 0 or np.ndim(histories[0]) == 0
    lists = [histories] if single else histories
    known = known_rows("histories", lists, model.items, warn=True)
    weighed = [folding._weigh_list(rows) for rows in known]
    offsets = np.append(0, np.cumsum([len(columns) for columns, _ in weighed], dtype=np.int64))
    columns, weights = (np.concatenate(parts) for parts in zip(*weighed, strict=True))
    return Csr(owned(offsets), owned(columns), owned(weights), len(model.items)), single


def _of_mappings(histories: Sequence[Any], items: Vocabulary) -> Csr:
    """Return the rows and weights of ``{id: weight}`` of each person."""
    if not all(isinstance(one, Mapping) for one in histories):
        raise DataError("histories: some are {id: weight} and others not; give one form to all")
    columns, weights = [], []
    for rows, one in zip(
        known_rows("histories", [list(one) for one in histories], items, warn=True),
        histories,
        strict=True,
    ):
        known = [weight for id_, weight in one.items() if id_ in items]
        order = np.argsort(rows)
        columns.append(rows[order])
        weights.append(checked_weights(known)[order])
    offsets = np.append(0, np.cumsum([len(rows) for rows in columns], dtype=np.int64))
    return Csr(
        owned(offsets), owned(np.concatenate(columns)), owned(np.concatenate(weights)), len(items)
    )


def _aligned(interactions: Interactions, model: Model) -> Csr:
    """Re-number the items of foreign interactions as the model's; unknown ones are left out."""
    if interactions.items == model.items:
        return interactions.csr
    columns = model.items.encode(interactions.items.ids, missing="mark")
    matrix = interactions.to_scipy().tocoo()
    target = columns[matrix.col]
    known = target >= 0
    if (
        matrix.nnz
        and not np.any(known)
        and np.any(model.users.encode(interactions.items.ids, missing="mark") >= 0)
    ):
        raise DataError("histories: their items are users of the model; are they transposed?")
    shape = (interactions.shape[0], len(model.items))
    return as_csr(sp.coo_array((matrix.data[known], (matrix.row[known], target[known])), shape))
