"""Profiles: what the items of a history have, added up, as columns beside the items."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.interactions import Interactions, as_csr, as_scipy
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.features import Features
from pyrec.io.artifact import part_of
from pyrec.models.feature_map import unit_rows

__all__ = ["Profile"]

_F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Profile:
    """What items add to the profile of somebody who has them.

    Parameters
    ----------
    features : Features (n_items, d)
        Of the items, in their order.
    weight : float
        What rows of length 1 are multiplied by.
    factors : float32 (d, factors), optional
        What was learnt of the features.
    """

    features: Features
    weight: float
    factors: _F32

    @classmethod
    def of(cls, features: Features, weight: float) -> Self:
        """Return profiles before anything is learnt.

        Raises
        ------
        DataError
            If a feature is negative: a profile is of what somebody wants.
        """
        values = features.sparse().data
        if np.any(values < 0):
            raise DataError(
                f"item_features: the least is {values.min():g}, and profiles need features of 0 or "
                "more; set profile_weight=0 or take others"
            )
        return cls(features, weight, np.empty((len(features.names), 0), np.float32))

    def learnt(self, factors: _F32) -> Self:
        """Return the same with the factors of features."""
        return replace(self, factors=factors)

    def with_items(self, features: Features, items: Vocabulary) -> Self:
        """Return the same for more items, of which those that it knows stay as they are."""
        known, others = self.features.sparse(), features.aligned(items).sparse()
        together = sp.vstack([known, others[known.shape[0] :]]).tocsr()
        return replace(self, features=Features(items, together, self.features.names))

    def beside(self, interactions: Interactions) -> Interactions:
        """Return interactions whose items are followed by features; ids are row numbers."""
        csr = self.beside_rows(interactions.csr)
        return Interactions(interactions.users, Vocabulary.range(csr.shape[1]), csr)

    def beside_rows(self, histories: Csr) -> Csr:
        """Return histories (n, n_items) followed by their profiles: (n, n_items + d)."""
        matrix = as_scipy(histories)
        return as_csr(sp.hstack([matrix, matrix @ self._added]), "profiles")

    def parts(self, history: Csr, together: Csr) -> NDArray[np.float64]:
        """Return (n, factors): for each item of one history its weights times features' factors.

        Features that the history as a whole speaks against count for nothing.
        """
        first = self.features.matrix.shape[0]
        wanted = together.columns[(together.columns >= first) & (together.values > 0)] - first
        added = self._added[history.columns].tocsc()[:, wanted]
        weighed = added.multiply(history.values[:, None].astype(np.float64))
        return np.asarray(sp.csr_array(weighed) @ self.factors[wanted].astype(np.float64))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays, for an artefact."""
        about = {f"features.{name}": array for name, array in self.features.to_arrays().items()}
        return {"factors": self.factors, "weight": np.array([self.weight]), **about}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Rebuild profiles from `to_arrays`."""
        features = Features.from_arrays(part_of(arrays, "features"))
        return cls(features, float(arrays["weight"][0]), arrays["factors"])

    @property
    def _added(self) -> sp.csr_array:
        return unit_rows(self.features) * self.weight
