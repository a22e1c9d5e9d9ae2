"""FeatureALS: ALS whose new items and new users get factors from what is known of them."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions
from pyrec.data.ranking import Ranking
from pyrec.errors import ConfigError, DataError, NotSupportedError
from pyrec.features import Features
from pyrec.io.artifact import part_of
from pyrec.models.abilities import Explains
from pyrec.models.als import ALS, UNOBSERVED, ALSModel
from pyrec.models.base import Callback, checked_input
from pyrec.models.feature_map import FeatureMap
from pyrec.models.profile import Profile
from pyrec.models.query import checked_k, require_room, resolve_filter
from pyrec.models.search import Choices, Floats, Integers, Ranges
from pyrec.models.side_information import Side, joined, with_items
from pyrec.runtime import resolve_threads

__all__ = ["FeatureALS", "FeatureALSModel"]

_F32 = NDArray[np.float32]


class FeatureALS(ALS, frozen=True, kw_only=True):
    """ALS, and maps from features to its factors for items and users without interactions.

    A ridge regression, learnt from those who have interactions and features, predicts the factors
    of those who have features only (Gantner et al., ICDM 2010): a new item can be recommended,
    explained and compared from the moment it is in the catalogue, a new user from what they said at
    sign-up. Whoever has interactions keeps the factors of `ALS`.

    With a `profile_weight` features take part in the factorization too: what a user's items have
    adds up to a profile, whose columns stand beside the items (as in the collective factorization
    of Singh and Gordon, KDD 2008). Where users have had little of a large catalogue, that makes new
    items much easier to predict; where they have had much, it is better left out.

    Parameters
    ----------
    factors : int, default 256
        Number of factors; more than `ALS` wants, because features tell finer things apart than
        few factors can hold.
    map_regularization : float, default 3
        Regularisation of the maps; rows of features are scaled to length 1.
    map_exponent : float, default 0.5
        Items and users weigh this power of their number of interactions when a map is learnt.
    exposure : float, default 0.7
        How long the factors of items without interactions are, next to those of known ones: the
        longer, the more often they are in lists, at the expense of known items.
    profile_weight : float, default 0
        What a feature of an item of weight 1 weighs in the profile; 0 for none. 0.3 is worth
        trying. Needs features of items that are not negative.
    regularization, alpha, iterations, solver, ...
        As in `ALS`.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.features import Features
    >>> bought = sp.csr_array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    >>> kinds = Features(
    ...     pyrec.Vocabulary.range(6), np.eye(2)[[0, 0, 1, 1, 1, 0]], ("tea", "cup")
    ... )
    >>> model = FeatureALS(factors=2, map_regularization=0.1).fit(bought, item_features=kinds)
    >>> model.recommend([0, 2], k=1).ids.tolist()  # nobody has had the items 4 and 5
    [[5], [4]]
    """

    name: ClassVar[str] = "feature_als"
    besides: ClassVar[tuple[str, ...]] = ("item_features", "user_features")
    search: ClassVar[Ranges] = {
        **{option: values for option, values in ALS.search.items() if option != "item_exponent"},
        "factors": Integers(low=64, high=512, log=True),
        "map_regularization": Floats(low=0.1, high=30, log=True),
        "map_exponent": Floats(low=0, high=1),
        "profile_weight": Choices(of=(0.0, 0.1, 0.3, 1.0)),
    }

    factors: Annotated[int, Meta(ge=1, le=1024)] = 256
    map_regularization: Annotated[float, Meta(gt=0)] = 3.0
    map_exponent: Annotated[float, Meta(ge=0, le=1)] = 0.5
    exposure: Annotated[float, Meta(gt=0)] = 0.7
    profile_weight: Annotated[float, Meta(ge=0)] = 0.0

    def fit(
        self,
        interactions: Any,
        *,
        item_features: Features | None = None,
        user_features: Features | None = None,
        callback: Callback | None = None,
        init: ALSModel | None = None,
        checkpoint: str | Path | None = None,
    ) -> "FeatureALSModel":
        """Learn factors from interactions, and maps from features to them.

        Parameters
        ----------
        interactions : Interactions, Events or scipy sparse (n_users, n_items)
            What people had.
        item_features, user_features : Features, optional
            What is known of items, of users, or of both. Those without interactions join the
            model, with mapped factors.
        callback, init, checkpoint
            As in `ALS.fit`.

        Raises
        ------
        DataError
            If there are no features at all, or none of an item (user) that has interactions.
        ConfigError, ArtifactError, NumericalError, OutOfMemoryError
            As in `ALS.fit`.
        """
        known = checked_input(interactions, callback)
        if self.item_exponent and self.profile_weight:
            raise ConfigError(
                "item_exponent: with a profile_weight above 0 it is not supported, for features "
                "have no popularity; set one of them to 0"
            )
        if item_features is None and user_features is None:
            raise DataError(
                "item_features: there are no features, neither of items nor of users; give some, "
                "or fit pyrec.ALS"
            )
        known, items = joined(known, item_features, "items")
        known, users = joined(known, user_features, "users")
        profile = None
        if items is not None and self.profile_weight > 0:
            profile = Profile.of(items, self.profile_weight)
        weight = self.unobserved_weight or min(1.0, UNOBSERVED / len(known.items))
        resolved = self.replace(unobserved_weight=weight)
        learnt = resolved._als().fit(
            known if profile is None else profile.beside(known),
            callback=callback,
            init=init,
            checkpoint=checkpoint,
        )
        both = learnt.item_factors
        item_map, item_factors = self._mapped(
            items, both[: len(known.items)], known.by_item, self.exposure
        )
        user_map, user_factors = self._mapped(users, learnt.user_factors, known.csr, 1.0)
        if profile is not None:
            profile = profile.learnt(both[len(known.items) :])
        return FeatureALSModel(
            resolved, known, user_factors, item_factors, item_map, user_map, profile
        )

    def _als(self) -> ALS:
        return ALS(**{name: getattr(self, name) for name in ALS.__struct_fields__})

    def _mapped(
        self, features: Features | None, factors: _F32, met: Csr, length: float
    ) -> tuple[FeatureMap | None, _F32]:
        """Learn a map, and return it with the factors of those who had none too."""
        if features is None:
            return None, factors
        counts = np.diff(met.offsets)
        learnt = FeatureMap.fit(
            features,
            factors,
            counts,
            regularization=self.map_regularization,
            exponent=self.map_exponent,
            length=length,
        )
        return learnt, owned(np.where((counts > 0)[:, None], factors, learnt(features)))


class FeatureALSModel(ALSModel):
    """A fitted `FeatureALS`.

    Attributes
    ----------
    user_factors : float32 (n_users, factors)
        Read-only. Mapped from features for a user without interactions, zero without either.
    item_factors : float32 (n_items, factors)
        Read-only, likewise.
    item_map, user_map : FeatureMap or None
        From features to factors.
    profile : Profile or None
        What stands beside histories.
    """

    estimator: FeatureALS

    def __init__(
        self,
        estimator: FeatureALS,
        interactions: Interactions,
        user_factors: _F32,
        item_factors: _F32,
        item_map: FeatureMap | None = None,
        user_map: FeatureMap | None = None,
        profile: Profile | None = None,
    ) -> None:
        super().__init__(estimator, interactions, user_factors, item_factors)
        self.item_map, self.user_map, self.profile = item_map, user_map, profile

    def fold_in(self, histories: Csr, threads: int = 0) -> _F32:
        """Return factors of people from their histories, as `ALSModel.fold_in` does."""
        if self.profile is not None:
            histories = self.profile.beside_rows(histories)
        return super().fold_in(histories, threads)

    @cached_property
    def _fixed(self) -> _F32:
        if self.profile is None:
            return self.item_factors
        return np.concatenate([self.item_factors, self.profile.factors])

    def _explain(
        self, user_row: int, item_row: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        if self.profile is None:
            return super()._explain(user_row, item_row)
        # A user's profile is the sum of those of their items, so each has its part in it.
        history = self.interactions.csr.take(np.array([user_row], np.int32))
        together = self.profile.beside_rows(history)
        direction = self._direction(together, item_row)
        parts = self.estimator.alpha * self.profile.parts(history, together)
        own = self.item_factors[history.columns].astype(np.float64)
        own *= self.estimator.alpha * np.maximum(history.values, 0)[:, None]
        return history.columns, (own + parts) @ direction

    def _explain_batch(
        self, user_rows: NDArray[np.int32], targets: NDArray[np.int32], k: int, threads: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float64]]:
        if self.profile is None:
            return super()._explain_batch(user_rows, targets, k, threads)
        return Explains._explain_batch(self, user_rows, targets, k, threads)  # pair by pair

    def with_items(self, features: Features) -> Self:
        """Return a model that can recommend further items; users and maps are shared.

        Parameters
        ----------
        features : Features
            What the items are, with the columns of the fit. Items that have interactions keep
            their factors; all others get those that their features say.

        Raises
        ------
        NotSupportedError
            If the model was fitted without features of items.
        DataError
            If the columns are others.
        """
        mapped = _require_map(self.item_map, "items")(features, "features")
        interactions = with_items(self.interactions, features.ids)
        factors = np.zeros((len(interactions.items), self.item_factors.shape[1]), np.float32)
        factors[: len(self.item_factors)] = self.item_factors
        rows = interactions.items.encode(features.ids.ids)
        new = np.diff(interactions.by_item.offsets)[rows] == 0
        factors[rows[new]] = mapped[new]
        profile = self.profile and self.profile.with_items(features, interactions.items)
        return type(self)(
            self.estimator, interactions, self.user_factors, owned(factors), self.item_map,
            self.user_map, profile,
        )  # fmt: skip

    def _with(self, interactions: Interactions, users: _F32, items: _F32) -> Self:
        if self.profile is not None:
            raise NotSupportedError(
                "feature_als: with a profile of features beside histories it cannot be updated; "
                "fit it again, or with profile_weight=0"
            )
        return type(self)(self.estimator, interactions, users, items, self.item_map, self.user_map)

    def recommend_for_features(
        self, features: Features, k: int = 10, *, items: Any = None, exclude: Any = None
    ) -> Ranking:
        """Return the `k` best items for people of whom only attributes are known.

        Parameters
        ----------
        features : Features
            What is known of each, with the columns of the fit. Ids need not be those of users.
        k, items, exclude
            As in `Model.recommend`.

        Returns
        -------
        Ranking
            One list for each row; empty where no feature is known.

        Raises
        ------
        NotSupportedError
            If the model was fitted without features of users.
        DataError
            If the columns are others.
        """
        people = _require_map(self.user_map, "users")(features, "features")
        n, k = len(people), checked_k(k)
        require_room(n, k)
        filter_ = resolve_filter(items, exclude, n, self.items)
        rows, scores = self._top_k_of(people, k, filter_, resolve_threads())
        unknown = ~np.any(people, axis=1)
        rows[unknown], scores[unknown] = -1, -np.inf
        return Ranking(rows, scores, self.items, features.ids.ids)

    def _without_history(self, user_rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        nothing: NDArray[np.bool_] = ~np.any(self.user_factors[user_rows], axis=1)
        return super()._without_history(user_rows) & nothing

    def _arrays(self) -> dict[str, NDArray[Any]]:
        learnt = {
            f"{part}.{name}": array
            for part in _PARTS
            if (of := getattr(self, part)) is not None
            for name, array in of.to_arrays().items()
        }
        return super()._arrays() | learnt

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        model = super()._from_arrays(estimator, interactions, arrays)
        for part, kind in _PARTS.items():
            if found := part_of(arrays, part):
                setattr(model, part, kind.from_arrays(found))
        return model


_PARTS: dict[str, type[FeatureMap] | type[Profile]] = {
    "item_map": FeatureMap, "user_map": FeatureMap, "profile": Profile,
}  # fmt: skip


def _require_map(learnt: FeatureMap | None, side: Side) -> FeatureMap:
    if learnt is None:
        raise NotSupportedError(
            f"feature_als: was fitted without features of {side}; give fit "
            f"{side.removesuffix('s')}_features"
        )
    return learnt
