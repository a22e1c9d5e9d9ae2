"""`UserSLIM`: what those had who together best explain what the user has."""

from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
import scipy.sparse as sp
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions, as_csr, as_scipy
from pyrec.models.base import Callback, Estimator
from pyrec.models.degrees import relative, require_no_negative, scaled
from pyrec.models.neighbors import UserUserModel
from pyrec.models.regression import SWEEPS, TOLERANCE, Products
from pyrec.models.search import Floats, Integers, Ranges
from pyrec.runtime import resolve_threads

__all__ = ["UserSLIM", "UserSLIMModel"]


class UserSLIM(Estimator, frozen=True, kw_only=True):
    """Recommend what those had who together best explain what the user has.

    `SLIM` with the sides changed: each user's row is explained by the rows of other users, ``w >=
    0`` for the candidates of highest cosine, and an item scores the sum of the weights of those who
    had it. To `UserKNN` what `SLIM` is to `ItemKNN`: two neighbours who are alike share their say.
    It errs elsewhere than models of items do, so that it is a good part of a `Blend`.

    Parameters
    ----------
    neighbors : int, default 200
        How many candidates each user has.
    l1 : float, default 0
        Weight of the sizes: the greater, the fewer neighbours remain.
    l2 : float, default 30
        Weight of the squares.
    item_exponent : float, default 0.25
        How much less a popular item says about two users. Without it NDCG on validation is 3% lower
        on Gowalla.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]])
    >>> model = UserSLIM(l2=0.1).fit(bought)
    >>> model.recommend(0, k=1).ids.tolist()
    [2]
    >>> model.recommend_for([1, 2], k=1).ids.tolist()
    [0]
    """

    name: ClassVar[str] = "user_slim"
    search: ClassVar[Ranges] = {
        "neighbors": Integers(low=50, high=400, log=True),
        "l1": Floats(low=0.01, high=10, log=True),
        "l2": Floats(low=3, high=1000, log=True),
        "item_exponent": Floats(low=0, high=1),
    }

    neighbors: Annotated[int, Meta(ge=1)] = 200
    l1: Annotated[float, Meta(ge=0)] = 0.0
    l2: Annotated[float, Meta(ge=0)] = 30.0
    item_exponent: Annotated[float, Meta(ge=0, le=2)] = 0.25

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "UserSLIMModel":
        if self.item_exponent:
            require_no_negative(interactions, "a degree")
        weights = relative(interactions.by_item) ** -self.item_exponent
        products = Products(interactions.transposed(), weights, side="user")
        ridges = np.full(len(interactions.users), self.l2)
        says = products.regress(self.neighbors, ridges, l1=self.l1, nonnegative=True)
        return UserSLIMModel(self, interactions, says.transposed(resolve_threads()))


class UserSLIMModel(UserUserModel):
    """A fitted `UserSLIM`.

    Attributes
    ----------
    nearest : Csr (n_users, n_users)
        Row `i` has the users that explain user `i`, with their weights.
    """

    estimator: UserSLIM

    @cached_property
    def _weighted(self) -> tuple[Csr, Csr, NDArray[np.float32]]:
        """The users, each item weighing its root, their transpose, and their norms."""
        users = scaled(self.interactions.csr, None, self._roots)
        norms = _kernels.row_norms(users).astype(np.float32)
        return users, users.transposed(resolve_threads()), norms

    @cached_property
    def _roots(self) -> NDArray[np.float64]:
        return relative(self.interactions.by_item) ** (-self.estimator.item_exponent / 2)

    def _nearest_of(self, histories: Csr, threads: int) -> Csr:
        """Regress newcomers one by one, each on the users of highest cosine."""
        users, columns, norms = self._weighted
        newcomers = scaled(histories, None, self._roots)
        own = _kernels.row_norms(newcomers).astype(np.float32)
        offsets, near, values = _kernels.find_neighbors(
            newcomers, own, columns, norms, np.empty(0, np.int32), k=self.estimator.neighbors,
            denominator="product", shrink=0.0, pattern=False, threads=threads,
        )  # fmt: skip
        for row in range(len(own)):
            some = slice(offsets[row], offsets[row + 1])
            person = newcomers.take(np.array([row], dtype=np.int32))
            values[some] = self._regress(person, users.take(near[some]), threads)
        return Csr(owned(offsets), owned(near), owned(values), len(norms))

    def _regress(self, person: Csr, candidates: Csr, threads: int) -> NDArray[np.float32]:
        """Return the weights of the candidates that explain one person."""
        n = candidates.shape[0]
        rows = sp.vstack([as_scipy(candidates), as_scipy(person)], format="csr")
        products = rows @ rows.T
        last, others = np.full(n, n), np.arange(n)
        choice = sp.csr_array((np.ones(n), (last, others)), shape=products.shape)
        return _kernels.regress_on_neighbors(
            as_csr(sp.tril(products, -1)),
            products.diagonal(),
            np.full(n + 1, self.estimator.l2, np.float32),
            as_csr(choice),
            l1=self.estimator.l1,
            nonnegative=True,
            sweeps=SWEEPS,
            tolerance=TOLERANCE,
            threads=threads,
        )
