"""Blend: several models as one, by the weighted sum of their normalised scores or ranks."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, ClassVar, Self

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.bits import Words
from pyrec.data.interactions import Interactions
from pyrec.errors import ConfigError, DataError
from pyrec.io.artifact import part_of
from pyrec.models.abilities import Explains, FoldsIn
from pyrec.models.base import Estimator, Lists, Model
from pyrec.models.composite import Composite, besides_of, everybody, members_of, plain
from pyrec.models.query import Filter
from pyrec.models.registry import model_class
from pyrec.models.search import Ranges
from pyrec.tuning.pools import (
    Asked,
    Histories,
    Normalisation,
    Users,
    blended,
    pooled,
    union,
)
from pyrec.tuning.validation import cuts
from pyrec.tuning.weights import checked_metric, learn

__all__ = ["Blend", "BlendModel", "blend_of"]

logger = logging.getLogger("pyrec")

# Persons at a time: their pools of a few hundred items and the opinions on them stay in the cache
# of the second level or nearly so, and in 20 MB for each model.
_AT_ONCE = 1024


class Blend(Composite, frozen=True, kw_only=True):
    """Several models as one: a weighted sum of what each says, made comparable per person.

    Models of different kinds err differently, so a linear item model and a matrix factorization
    together are better than either. What is summed are scores in units of how much they differ
    between the model's own first `pool` items for the person, or reciprocal ranks (Cormack, Clarke,
    Buettcher, SIGIR 2009).

    Every person's items are ranked from a pool: the first `pool` items of each model together. The
    catalogue may have a million items; what is not in any model's first `pool` does not appear.

    Members that learn from features get them, and then the blend knows all items and users that
    have any. Weights are learnt for what people had, so that of new items they tell nothing.

    Parameters
    ----------
    members : sequence of Estimator, or of mappings
        The models, as estimators or as in a configuration: ``{"name": "als", "factors": 64}``.
    weights : sequence of float, optional
        How much each counts. By default they are learnt: the members are fitted without a part of
        every user's pairs, the weights that rank that part best are found, and the members are
        fitted again on everything.
    normalisation : {"scores", "ranks"}
        What is summed.
    pool : int, default 200
        How many of each member's items are ranked, at least; longer lists have larger pools.
    metric : str, default "ndcg@20"
        What the weights are learnt for.
    ratio : float, default 0.1
        Share of the pairs to learn the weights from; with few users several such parts are drawn.
    target : str, optional
        The kind of event that weights are learnt for; by default all kinds.
    random_state : int, default 0
        Draws that part.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> blend = Blend(members=[pyrec.EASE(), pyrec.Popularity()], weights=[1, 0.5])
    >>> blend.fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "blend"
    search: ClassVar[Ranges] = {}

    members: Annotated[tuple[Any, ...], Meta(min_length=1)] = (
        {"name": "graph_filter"},
        {"name": "als"},
    )
    weights: tuple[Annotated[float, Meta(ge=0)], ...] | None = None
    normalisation: Normalisation = "scores"
    pool: Annotated[int, Meta(ge=1)] = 200
    metric: str = "ndcg@20"
    ratio: Annotated[float, Meta(gt=0, lt=1)] = 0.1
    target: str | None = None
    random_state: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        """Check members, weights and metric too; members become plain data."""
        super().__post_init__()
        msgspec.structs.force_setattr(self, "members", plain(self.members, "members"))
        checked_metric(self.metric)
        if self.weights is None:
            return
        if len(self.weights) != len(self.members):
            raise ConfigError(
                f"weights: there are {len(self.weights)} for {len(self.members)} members"
            )
        if not any(self.weights):
            raise ConfigError("weights: one at least must be above 0")

    def estimators(self) -> list[Estimator]:
        """Return the members as estimators."""
        return members_of(self.members, "members")

    def _fit_members(self, interactions: Interactions, besides: Mapping[str, Any]) -> "BlendModel":
        besides = besides_of(self, besides)
        interactions = everybody(interactions, besides, items=True)
        weights = self.weights
        if weights is None:
            weights = tuple(self._learnt(interactions, besides))
        pairs = zip(self.estimators(), weights, strict=True)
        models = [one.fit(interactions, **besides_of(one, besides)) for one, w in pairs if w > 0]
        found: BlendModel = blend_of(self, self, models, np.array(weights, dtype=np.float64))
        return found

    def _learnt(self, interactions: Interactions, besides: Mapping[str, Any]) -> Sequence[float]:
        members = self.estimators()
        if len(members) == 1:
            return [1.0]
        try:
            folds = cuts(interactions, self.ratio, self.random_state, self.target)
        except DataError as error:
            logger.warning("blend: nothing tells the members apart, so all count alike (%s)", error)
            return [1 / len(members)] * len(members)
        folds = [replace(fold, besides=besides) for fold in folds]
        found = learn(members, folds, self.metric, self.pool, self.normalisation)
        weights, value = found.weights, found.value
        told = ", ".join(f"{m.name} {w:.2f}" for m, w in zip(members, weights, strict=True))
        logger.info("blend: %s with %s of %.4f on validation users", told, self.metric, value)
        return [float(weight) for weight in weights]


class BlendModel(Model):
    """A fitted `Blend`.

    Attributes
    ----------
    recipe : Blend
        How it was put together: the estimator, if that was a blend.
    members : tuple of Model
        The fitted models; those of weight 0 are left out.
    weights : float64 (m,)
        How much each member of the estimator counts.
    """

    def __init__(
        self,
        estimator: Estimator,
        recipe: Blend,
        members: Sequence[Model],
        weights: NDArray[np.float64],
    ) -> None:
        super().__init__(estimator, members[0].interactions)
        self.recipe = recipe
        self.members = tuple(members)
        self.weights = weights
        self._positive = weights[weights > 0]

    def _top_k(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        exclude: Csr | None,
        allowed: Words | None,
        threads: int,
    ) -> Lists:
        if len(self.members) == 1:
            return self.members[0]._top_k(user_rows, k, exclude, allowed, threads)
        return self._ranked(Users(self.members, user_rows, threads), k, Filter(exclude, allowed))

    def _ranked(self, asked: Asked, k: int, filter_: Filter) -> Lists:
        n, size = asked.history.shape[0], min(max(k, self.recipe.pool), len(self.items))
        rows = np.full((n, k), -1, dtype=np.int32)
        scores = np.full((n, k), -np.inf, dtype=np.float32)
        for begin in range(0, n, _AT_ONCE):
            at = np.arange(begin, min(begin + _AT_ONCE, n), dtype=np.int32)
            some, allowed = asked.take(at), filter_.take(at)
            if allowed.candidates is None:
                items = union(some, size, allowed)
            else:
                items = allowed.remaining_candidates()
            pool = pooled(some, items, self._reference, self.recipe.normalisation)
            rows[at], scores[at] = pool.ranked(self._positive, k, asked.threads)
        return rows, scores

    @property
    def _reference(self) -> int:
        return min(self.recipe.pool, len(self.items))

    def _scratch_bytes(self, n: int, k: int, threads: int) -> int:
        most = max(member._scratch_bytes(n, k, threads) for member in self.members)
        pool = max(k, self.recipe.pool) * len(self.members)
        return most + _AT_ONCE * pool * (24 + 8 * len(self.members))

    def _score(
        self, user_rows: NDArray[np.int32], item_rows: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        if len(self.members) == 1:
            return self.members[0]._score(user_rows, item_rows)
        scores = np.empty(len(user_rows), np.float32)
        order = np.lexsort((item_rows, user_rows))
        users, begins = np.unique(user_rows[order], return_index=True)
        for begin in range(0, len(users), _AT_ONCE):
            ends = np.append(begins, len(order))
            at = order[begins[begin] : ends[min(begin + _AT_ONCE, len(users))]]
            asked = Users(self.members, users[begin : begin + _AT_ONCE])
            items, place = _pattern(asked.rows, user_rows[at], item_rows[at], len(self.items))
            pool = pooled(asked, items, self._reference, self.recipe.normalisation)
            scores[at] = blended(pool.opinions, self._positive)[place]
        return scores

    def _without_history(self, user_rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        nothing = super()._without_history(user_rows)
        for member in self.members:
            if member.personal:  # one that knows somebody by what they said of themselves
                nothing &= member._without_history(user_rows)
        return nothing

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights}
        for i, member in enumerate(self.members):
            arrays |= {f"{i}.{name}": array for name, array in member._arrays().items()}
        return arrays

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        return cls._of_recipe(estimator, estimator, interactions, arrays)

    @classmethod
    def _of_recipe(
        cls,
        estimator: Estimator,
        recipe: Blend,
        interactions: Interactions,
        arrays: dict[str, NDArray[Any]],
    ) -> Self:
        weights = np.array(arrays["weights"])
        counting = [one for one, w in zip(recipe.estimators(), weights, strict=True) if w > 0]
        members = []
        for i, one in enumerate(counting):
            own = part_of(arrays, str(i))
            members.append(model_class(one.name)._from_arrays(one, interactions, own))
        found: Self = blend_of(estimator, recipe, members, weights, cls)
        return found


class _Folding(FoldsIn):
    """What a blend can do whose members all fold in."""

    def _top_k_for(self, histories: Csr, k: int, filter_: Filter, threads: int) -> Lists:
        assert isinstance(self, BlendModel)
        if len(self.members) == 1:
            only = self.members[0]
            assert isinstance(only, FoldsIn)
            return only._top_k_for(histories, k, filter_, threads)
        return self._ranked(Histories(self.members, histories, threads), k, filter_)


class _Explaining(Explains):
    """What a blend of scores can do whose members all explain."""

    def _explain(
        self, user_row: int, item_row: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        assert isinstance(self, BlendModel)
        if len(self.members) == 1:
            only = self.members[0]
            assert isinstance(only, Explains)
            return only._explain(user_row, item_row)
        user = np.array([user_row], dtype=np.int32)
        asked = Users(self.members, user)
        item, _ = _pattern(user, user, np.array([item_row], np.int32), len(self.items))
        scales = pooled(asked, item, self._reference, "scores").scales[:, 0]
        total = np.zeros(len(self.items))
        for member, weight in zip(self.members, self._positive * scales, strict=True):
            assert isinstance(member, Explains)
            rows, contributions = member._explain(user_row, item_row)
            total[rows] += weight * contributions
        history = asked.history.columns
        return history, total[history]


def blend_of(
    estimator: Estimator,
    recipe: Blend,
    members: Sequence[Model],
    weights: NDArray[np.float64],
    kind: Any = BlendModel,
) -> Any:
    """Return a model of this kind with the abilities that all of its members have."""
    abilities: list[type] = []
    if all(isinstance(member, FoldsIn) for member in members):
        abilities.append(_Folding)
    if recipe.normalisation == "scores" and all(isinstance(m, Explains) for m in members):
        abilities.append(_Explaining)
    return _with(kind, tuple(abilities))(estimator, recipe, members, weights)


@cache
def _with(kind: Any, abilities: tuple[type, ...]) -> Any:
    return type(kind.__name__, (kind, *abilities), {"__doc__": kind.__doc__})


def _pattern(
    rows: NDArray[np.int32],
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    width: int,
) -> tuple[Csr, NDArray[np.int64]]:
    """Return the distinct pairs as a matrix with a row for each of `rows`, and where each is."""
    keys = np.searchsorted(rows, users).astype(np.int64) * width + items
    distinct, place = np.unique(keys, return_inverse=True)
    offsets = np.searchsorted(distinct, np.arange(len(rows) + 1) * width).astype(np.int64)
    columns = (distinct % width).astype(np.int32)
    ones = np.ones(len(columns), np.float32)
    for array in (offsets, columns, ones):
        array.flags.writeable = False
    return Csr(offsets, columns, ones, width), place
