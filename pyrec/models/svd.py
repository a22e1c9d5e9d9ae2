"""PureSVD: the directions in which the interactions vary the most."""

from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
import scipy.sparse as sp
from msgspec import Meta
from numpy.typing import NDArray
from scipy.linalg import qr

from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.data.interactions import Interactions, as_scipy
from pyrec.errors import ConfigError
from pyrec.models.abilities import Explains
from pyrec.models.base import Callback, Estimator
from pyrec.models.degrees import relative, require_no_negative
from pyrec.models.factors import FactorModel
from pyrec.models.search import Floats, Integers, Ranges

__all__ = ["PureSVD", "PureSVDModel"]

_F32 = NDArray[np.float32]


class PureSVD(Estimator, frozen=True, kw_only=True):
    """Recommend by the best approximation of the interactions that has few factors.

    The scores of a history `r` are ``r V V'``, where the columns of `V` are the leading right
    singular vectors of the interactions, what is missing taken for 0 (Cremonesi, Koren, Turrin:
    Performance of recommender algorithms on top-N recommendation tasks, RecSys 2010). That is the
    model with both exponents 0.

    With exponents the vectors are those of the interactions normalised by degrees,
    ``D_u^(-user_exponent / 2) R D_i^(-item_exponent)``, and the scores
    ``r D_i^(-item_exponent) V V' D_i^item_exponent``: with 1 and 1/2 this is the ideal low-pass
    filter of Shen et al. (How powerful is graph convolution for recommendation?, CIKM 2021). The
    defaults are a little below; weights must then be 0 or more.

    Parameters
    ----------
    factors : int, default 64
        Number of singular vectors.
    user_exponent : float, default 0.6
        How much less a user who has much says about items.
    item_exponent : float, default 0.45
        How much less popular items say. On validation splits of eight logs the two raise NDCG@20
        over 0 by 21% to 160%, but for one of wholesale, where they cost 6%.
    passes : int, default 8
        How often the random directions are multiplied by the matrix and its transpose. With 4 the
        recall of MovieLens-1M is 1% lower, with 20 it is the same.
    random_state : int, default 0
        Seed of the start.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1]])
    >>> model = PureSVD(factors=2).fit(bought)
    >>> model.recommend_for([0], k=1).ids.tolist()
    [1]
    """

    name: ClassVar[str] = "pure_svd"
    search: ClassVar[Ranges] = {
        "factors": Integers(low=16, high=1024, log=True),
        "user_exponent": Floats(low=0, high=1),
        "item_exponent": Floats(low=0, high=0.6),
    }

    factors: Annotated[int, Meta(ge=1)] = 64
    user_exponent: Annotated[float, Meta(ge=0, le=2)] = 0.6
    item_exponent: Annotated[float, Meta(ge=0, le=1)] = 0.45
    passes: Annotated[int, Meta(ge=1, le=100)] = 8
    random_state: Annotated[int, Meta(ge=0)] = 0

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "PureSVDModel":
        _check_room(interactions, self.factors)
        if self.user_exponent or self.item_exponent:
            require_no_negative(interactions, "a degree")
        items = (relative(interactions.by_item) ** self.item_exponent).astype(np.float32)
        users = (relative(interactions.csr) ** (-self.user_exponent / 2)).astype(np.float32)
        matrix = interactions.to_scipy()
        normal = sp.csr_array(matrix * users[:, None] / items)
        vectors = _right_singular_vectors(normal, self.factors, self.passes, self.random_state)
        user_factors = matrix @ (vectors / items[:, None])
        return PureSVDModel(self, interactions, user_factors, vectors * items[:, None])


class PureSVDModel(FactorModel, Explains):
    """A fitted `PureSVD`; the score of a pair is the inner product of its factors.

    Attributes
    ----------
    user_factors : float32 (n_users, factors)
        ``R D_i^-q V``. Read-only.
    item_factors : float32 (n_items, factors)
        ``D_i^q V``. Read-only.
    """

    estimator: PureSVD

    def fold_in(self, histories: Csr, threads: int = 0) -> _F32:
        """Return factors of people from their histories: their projections.

        Parameters
        ----------
        histories : Csr (n, n_items)
            Weights over item rows, as in the training data.
        threads : int
            Has no effect: the product is made by one.
        """
        projected: _F32 = as_scipy(histories) @ self._sources
        return projected

    @cached_property
    def _sources(self) -> _F32:
        """What an item of a history adds to a user's factors: ``D_i^-q V``."""
        items = relative(self.interactions.by_item) ** (2 * self.estimator.item_exponent)
        return np.asarray(self.item_factors / items.astype(np.float32)[:, None], np.float32)

    def _explain(
        self, user_row: int, item_row: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        csr = self.interactions.csr
        begin, end = csr.offsets[user_row : user_row + 2]
        rows = csr.columns[begin:end]
        sources = self._sources[rows].astype(np.float64)
        return rows, csr.values[begin:end] * (sources @ self.item_factors[item_row])


def _right_singular_vectors(matrix: sp.csr_array, k: int, passes: int, seed: int) -> _F32:
    """Return the `k` leading right singular vectors as columns, by a randomised range finder.

    Halko, Martinsson, Tropp (Finding structure with randomness, SIAM Review 53, 2011), algorithm
    4.4, with a tenth more directions than are asked for, at least 10.
    """
    directions = min(k + max(10, k // 10), *matrix.shape)
    transposed = sp.csr_array(matrix.T)
    start = np.random.default_rng(seed).standard_normal((matrix.shape[1], directions), np.float32)
    basis, _ = _orthonormal(matrix @ start)
    for _ in range(passes):
        basis, _ = _orthonormal(transposed @ basis)
        basis, _ = _orthonormal(matrix @ basis)
    # The matrix is nearly `basis` times the transpose of this, which has the same vectors.
    orthonormal, small = _orthonormal(transposed @ basis)
    left = np.linalg.svd(small)[0]
    return np.ascontiguousarray(orthonormal @ left[:, :k], dtype=np.float32)


def _orthonormal(columns: _F32) -> tuple[_F32, _F32]:
    """Return the factors of QR; numpy's are made in double precision, in four times the time."""
    orthonormal, upper = qr(columns, mode="economic", overwrite_a=True, check_finite=False)
    return np.ascontiguousarray(orthonormal), upper


def _check_room(interactions: Interactions, factors: int) -> None:
    """Raise where there are not as many singular vectors, or no memory for them."""
    users, items = interactions.shape
    if factors > min(users, items):
        raise ConfigError(
            f"factors: {factors} are more than {users:,} users by {items:,} items have; ask for "
            f"{min(users, items)} at most"
        )
    require_memory(
        4 * 3 * (users + items) * (factors + max(10, factors // 10)),
        f"singular vectors of {users:,} users by {items:,} items",
        "ask for fewer `factors`",
    )
