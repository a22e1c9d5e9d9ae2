"""Estimators and models are values.

An `Estimator` is a frozen struct of hyper-parameters: the only configuration a model has. Its `fit`
returns a `Model`, which is immutable, may be queried by any number of threads, and remembers what
it was trained on. What not every model can do is an ability (`pyrec.models.abilities`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.config import Options
from pyrec.data.bits import Words
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions
from pyrec.data.ranking import Ranking
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError, NotSupportedError
from pyrec.io import artifact
from pyrec.models.degrees import votes
from pyrec.models.query import (
    Filter,
    checked_k,
    checked_rows,
    encode_queries,
    is_truth,
    paired_rows,
    require_room,
    resolve_filter,
)
from pyrec.models.ruled import ranked
from pyrec.models.search import Ranges
from pyrec.rules.rules import CompiledRules
from pyrec.runtime import resolve_threads

__all__ = ["Estimator", "Lists", "Model", "Step", "checked_input"]

Lists: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Rows and scores, (n, k) each: best first, padded with -1 and -inf."""


class Step(ABC):
    """One pass of a training that has passes, as a callback sees it."""

    iteration: int
    seconds: float

    @property
    @abstractmethod
    def loss(self) -> float:
        """The objective now; computed when first asked for."""

    @abstractmethod
    def model(self) -> "Model":
        """Return the model as it stands."""


# The public methods of pyrec.models.abilities.
_ABILITIES = {
    "explain": "Explains", "explain_batch": "Explains", "forget": "Forgets",
    "partial_fit": "Updates", "recommend_for": "FoldsIn", "recommend_for_rows": "FoldsIn",
    "similar_items": "SimilarItems", "similar_users": "SimilarUsers",
}  # fmt: skip

Callback: TypeAlias = Callable[[Any], bool | None]


class Estimator(Options, frozen=True, kw_only=True):
    """Hyper-parameters of one algorithm, and `fit`.

    Keywords, a TOML table and ``--set`` build the same struct with the same checks
    (`pyrec.config`). `get_params` gives plain data, `replace` a changed copy.
    """

    name: ClassVar[str]
    search: ClassVar[Ranges]
    """What `pyrec tune` tries, for the options that matter; see `pyrec.models.search`."""
    besides: ClassVar[tuple[str, ...]] = ()
    """What `fit` learns from besides interactions, such as ``"item_features"``: one of them."""

    def fit(self, interactions: Any, *, callback: Callback | None = None) -> "Model":
        """Learn from interactions and return a fitted model.

        Parameters
        ----------
        interactions : Interactions, Events or scipy sparse (n_users, n_items)
            One weight per pair of user and item; that of events is the sum of theirs. A plain
            sparse matrix of any format and numeric dtype is taken with row numbers as ids.
        callback : callable, optional
            Called after each pass of an iterative algorithm with a `Step`; returning True stops
            the training there.

        Raises
        ------
        DataError
            If the matrix is malformed or has no interactions.
        NumericalError
            If the training diverges.
        """
        return self._fit(checked_input(interactions, callback), callback)

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "Model":
        raise NotImplementedError

    def recommend(self, *_: Any, **__: Any) -> Any:
        """Refuse kindly: an estimator is a recipe, its fitted model recommends."""
        kind = type(self).__name__
        raise NotSupportedError(
            f"{kind} is not fitted: use model = {kind}(...).fit(interactions), "
            "then model.recommend(...)"
        )


def checked_input(interactions: Any, callback: Callback | None) -> Interactions:
    """Return what `fit` is given, checked."""
    known = interactions.aggregate() if isinstance(interactions, Events) else interactions
    checked = known if isinstance(known, Interactions) else Interactions.from_scipy(known)
    if callback is not None and not callable(callback):
        raise DataError(f"callback: must be a function of a step, not {callback!r}")
    if checked.nnz == 0:
        raise DataError("interactions: there are none, so there is nothing to learn from")
    return checked


class Model(ABC):
    """A fitted model: ids in, ranked ids out.

    An author of a model writes `_top_k`, `_score`, `_arrays` and `_from_arrays`; everything that
    is the same for all models is here.

    Attributes
    ----------
    estimator : Estimator
        How it was fitted.
    interactions : Interactions
        What it was trained on: the vocabularies, and what each user has seen and of which kind.
    """

    personal: ClassVar[bool] = True
    """Whether lists depend on the user's history, so that a user without one gets none."""

    def __init__(self, estimator: Estimator, interactions: Interactions) -> None:
        self.estimator = estimator
        self.interactions = interactions
        self._seen_of_kind: dict[tuple[str, ...], Csr] = {}

    def __getattr__(self, name: str) -> Any:
        """Say which model lacks the method of an ability; ``hasattr`` is False all the same."""
        if name in _ABILITIES:
            raise NotSupportedError(
                f"{self.estimator.name}: this model has no {name}; isinstance(model, "
                f"pyrec.models.abilities.{_ABILITIES[name]}) tells which models have"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def users(self) -> Vocabulary:
        """The users it knows."""
        return self.interactions.users

    @property
    def items(self) -> Vocabulary:
        """The items it can recommend."""
        return self.interactions.items

    def recommend(
        self,
        users: Any,
        k: int = 10,
        *,
        exclude_seen: bool | str | list[str] = True,
        items: Any = None,
        exclude: Any = None,
        rules: CompiledRules | None = None,
        unknown: str = "raise",
        threads: int = 0,
    ) -> Ranking:
        """Return each user's `k` best items.

        Parameters
        ----------
        users : id or array_like of ids
            One id gives one list, an array a batch.
        k : int, default 10
            Length of the lists. Where fewer items are left, a list is shorter; it is never filled
            up with others.
        exclude_seen : bool, str or list of str, default True
            Whether to leave out what the user had in the training data, or only what they had as
            one of these kinds of event (``"purchase"``) and what they disliked (a weight below 0).
        items : array_like of ids, list of lists or sparse matrix, optional
            The only items that may appear: for all users, or for each user their own. Unknown ids
            are counted in a warning of the logger ``pyrec``.
        exclude : same forms, optional
            Items that may not appear. Unknown ids are ignored.
        rules : CompiledRules, optional
            What the shop wants of its lists (`pyrec.rules`).
        unknown : {"raise", "empty", "popular"}
            What a user outside the vocabulary gets, and, but for "raise", one inside who has no
            history: an error, an empty list, or the most popular items (scored by their number of
            users). With "raise" a known user without history gets an empty list.
        threads : int, default 0
            Number of threads; 0 means the default of the process.

        Raises
        ------
        UnknownIdError
            For an unknown user, if ``unknown="raise"``.
        DataError
            For a malformed argument.
        """
        if unknown not in ("raise", "empty", "popular"):
            raise DataError(f"unknown: must be 'raise', 'empty' or 'popular', not {unknown!r}")
        k = checked_k(k)
        if np.ndim(users) > 1:
            raise DataError(f"users: must be an id or a 1-D array of ids, not {np.ndim(users)}-D")
        rows, scalar = encode_queries(
            users, self.users, missing="raise" if unknown == "raise" else "mark"
        )
        require_room(len(rows), k)
        filter_ = resolve_filter(items, exclude, len(rows), self.items)

        def rank(at: NDArray[np.int32], k: int, filter_: Filter) -> Lists:
            return self._lists(
                rows[at], k, filter_, unknown, exclude_seen=exclude_seen, threads=threads
            )

        found, scores = ranked(rules, rank, self.items, len(rows), k, filter_, threads)
        if scalar:
            return Ranking(found[0], scores[0], self.items, users)
        return Ranking(found, scores, self.items, np.asarray(users))

    def recommend_rows(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        *,
        exclude_seen: bool | str | list[str] = True,
        filter_: Filter | None = None,
        threads: int = 0,
    ) -> Lists:
        """Return rows and scores for rows of users: `recommend` without ids.

        Parameters
        ----------
        user_rows : int32 (n,)
            Rows of users.
        k, exclude_seen, threads
            As in `recommend`.
        filter_ : Filter, optional
            Further restrictions, one row per query (see `pyrec.models.query`).

        Returns
        -------
        rows : int32 (n, k)
            Best first, padded with -1.
        scores : float32 (n, k)
            Padded with -inf.
        """
        user_rows = checked_rows(user_rows, len(self.users))
        require_room(len(user_rows), k)
        filter_ = filter_ or Filter()
        if not is_truth(exclude_seen, False):
            filter_ = filter_.hiding(self._seen(exclude_seen).take(user_rows))
        resolved = resolve_threads(threads)
        if filter_.candidates is not None:
            rows, scores = self._top_k_of_candidates(user_rows, filter_, k, resolved)
        else:
            rows, scores = self._top_k(user_rows, k, filter_.exclude, filter_.allowed, resolved)
        empty = self._without_history(user_rows)
        rows[empty], scores[empty] = -1, -np.inf
        return rows, scores

    def _lists(
        self, rows: NDArray[np.int32], k: int, filter_: Filter, unknown: str, **options: Any
    ) -> Lists:
        """Return the lists of users of whom some are unknown (-1)."""
        known = np.flatnonzero(rows >= 0).astype(np.int32)
        out_rows = np.full((len(rows), k), -1, dtype=np.int32)
        out_scores = np.full((len(rows), k), -np.inf, dtype=np.float32)
        out_rows[known], out_scores[known] = self.recommend_rows(
            rows[known], k, filter_=filter_.take(known), **options
        )
        if unknown == "popular":
            needy = np.flatnonzero((rows < 0) | self._without_history(rows)).astype(np.int32)
            out_rows[needy], out_scores[needy] = self._popular(filter_.take(needy), k, len(needy))
        return out_rows, out_scores

    def score(self, users: Any, items: Any) -> Any:
        """Return the scores of pairs of users and items, the very bits that lists report.

        Parameters
        ----------
        users, items : id or array_like of ids
            Paired with numpy's broadcasting: ``score(user, items)`` scores many items for one.

        Returns
        -------
        float32 array in the broadcast shape, or a float for two scalars

        Raises
        ------
        UnknownIdError
            For an unknown id.
        """
        user_rows, item_rows, shape = paired_rows(users, items, self.users, self.items)
        scores = self._score(user_rows, item_rows).reshape(shape)
        return scores if scores.ndim else float(scores)

    def save(self, path: str | Path) -> None:
        """Write the model to a directory, whole or not at all; `pyrec.load` reads it back.

        Raises
        ------
        ArtifactError
            If it cannot be written; a model that was there before is then untouched.
        """
        metadata = {
            "model": self.estimator.name,
            "estimator": self.estimator.get_params(),
            "kind_names": list(self.interactions.kind_names),
        }
        arrays = {f"model.{name}": array for name, array in self._arrays().items()}
        artifact.write(path, metadata, arrays | self.interactions.to_arrays())

    @abstractmethod
    def _top_k(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        exclude: Csr | None,
        allowed: Words | None,
        threads: int,
    ) -> Lists:
        """Rank all items for each user but the excluded (one row per query) and the not allowed."""

    @abstractmethod
    def _score(
        self, user_rows: NDArray[np.int32], item_rows: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Score pairs, bit for bit as `_top_k` does."""

    @abstractmethod
    def _arrays(self) -> dict[str, NDArray[Any]]:
        """What was learnt, as plain arrays."""

    @classmethod
    @abstractmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        """Rebuild the model from `_arrays`."""

    def _scratch_bytes(self, n: int, k: int, threads: int) -> int:
        """Bytes that `_top_k` needs for `n` users, beside lists and histories; at most, and linear.

        Here: two copies of the items' numbers, a dense row per thread, a few words per user.
        """
        return 32 * n + (32 + 16 * threads) * len(self.items) + 16 * threads * k

    def _without_history(self, user_rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Tell which of the known users have no interactions that a personal list could rest on."""
        offsets = self.interactions.csr.offsets
        empty = (user_rows >= 0) & (offsets[user_rows] == offsets[user_rows + 1])
        return empty if self.personal else np.zeros_like(empty)

    def _seen(self, kinds: bool | str | list[str]) -> Csr:
        """Return the pattern of seen pairs, of any kind or of the given ones."""
        if is_truth(kinds, True):
            return self.interactions.csr
        if not isinstance(kinds, str | list | tuple | set | frozenset):
            raise DataError(f"exclude_seen: must be True, False or kinds of event, not {kinds!r}")
        key = (kinds,) if isinstance(kinds, str) else tuple(kinds)
        if key not in self._seen_of_kind:
            self._seen_of_kind[key] = self.interactions.left_out_with(*key).csr
        return self._seen_of_kind[key]

    def _popular(self, filter_: Filter, k: int, n: int) -> Lists:
        """Rank items by who had them less who disliked them: a model with one factor."""
        csr = self.interactions.csr
        counts = np.bincount(csr.columns, votes(csr), minlength=len(self.items))
        return filter_.top_k(np.ones((n, 1), np.float32), counts[:, None].astype(np.float32), k)

    def _top_k_of_candidates(
        self, user_rows: NDArray[np.int32], filter_: Filter, k: int, threads: int
    ) -> Lists:
        """Rank each user's own candidates by scoring those pairs only."""
        candidates = filter_.remaining_candidates()
        lengths = np.diff(candidates.offsets)
        scores = self._score(np.repeat(user_rows, lengths), candidates.columns)
        scores.flags.writeable = False
        scored = Csr(candidates.offsets, candidates.columns, scores, len(self.items))
        return _kernels.top_k_of_rows(scored, k=k, threads=threads)
