"""Linear models over candidate neighbours: `SLIM`, and EASE for large catalogues.

Each item is explained by the items that are most like it, and by no others.
"""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from pyrec.data.interactions import Interactions
from pyrec.models.base import Callback, Estimator
from pyrec.models.degrees import relative, require_no_negative, scaled
from pyrec.models.neighbors import ItemItemModel
from pyrec.models.regression import Products
from pyrec.models.search import Floats, Integers, Ranges

__all__ = ["SLIM", "SLIMModel", "SparseEASE"]


class SLIM(Estimator, frozen=True, kw_only=True):
    """Recommend by the few items that best explain each item, none of which speaks against it.

    For each item `j` finds the weights ``w >= 0`` of its candidate neighbours that minimise
    ``|x_j - X w|^2 / 2 + l2 |w|^2 / 2 + l1 |w|_1`` (Ning, Karypis: SLIM: Sparse linear methods for
    top-N recommender systems, ICDM 2011), by coordinate descent. The candidates are the items of
    highest cosine, as in their fsSLIM.

    Parameters
    ----------
    neighbors : int, default 200
        How many candidates each item has.
    l1 : float, default 1
        Weight of the sizes: the greater, the fewer neighbours remain.
    l2 : float, default 50
        Weight of the squares.
    user_exponent : float, default 0
        How much less a user who has much says about two items, as in `SparseEASE`.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> SLIM(l1=0.1, l2=0.1).fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "slim"
    search: ClassVar[Ranges] = {
        "neighbors": Integers(low=50, high=400, log=True),
        "l1": Floats(low=0.01, high=10, log=True),
        "l2": Floats(low=3, high=1000, log=True),
        "user_exponent": Floats(low=0, high=1),
    }

    neighbors: Annotated[int, Meta(ge=1)] = 200
    l1: Annotated[float, Meta(ge=0)] = 1.0
    l2: Annotated[float, Meta(ge=0)] = 50.0
    user_exponent: Annotated[float, Meta(ge=0, le=2)] = 0.0

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "SLIMModel":
        if self.user_exponent:
            require_no_negative(interactions, "a degree")
        products = Products(interactions, relative(interactions.csr) ** -self.user_exponent)
        ridges = np.full(len(interactions.items), self.l2)
        influence = products.regress(self.neighbors, ridges, l1=self.l1, nonnegative=True)
        return SLIMModel(self, interactions, influence)


class SparseEASE(Estimator, frozen=True, kw_only=True):
    """Recommend by the linear model that best explains each item by its neighbours.

    `EASE`, whose options it shares, with a `B` that is 0 but for candidate neighbours: those of
    highest cosine. Each column is an exact ridge regression on its candidates, as in Steck
    (Markov random fields for collaborative filtering, NeurIPS 2019), here with candidates of its
    own for each item.

    Parameters
    ----------
    neighbors : int, default 200
        How many candidates each item has.
    regularization : float, default 100
        Weight of the entries of `B`. Greater ones are for sparser data.
    user_exponent : float, default 0
        How much less a user who has much says about two items.
    item_exponent : float, default 0
        How much more the weights of popular items are held down, and how much less popular items
        are recommended.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> SparseEASE(regularization=0.5).fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "sparse_ease"
    search: ClassVar[Ranges] = {
        "neighbors": Integers(low=50, high=400, log=True),
        "regularization": Floats(low=3, high=3000, log=True),
        "user_exponent": Floats(low=0, high=1),
        "item_exponent": Floats(low=0, high=0.5),
    }

    neighbors: Annotated[int, Meta(ge=1)] = 200
    regularization: Annotated[float, Meta(gt=0)] = 100.0
    user_exponent: Annotated[float, Meta(ge=0, le=2)] = 0.0
    item_exponent: Annotated[float, Meta(ge=0, le=1)] = 0.0

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "SLIMModel":
        if self.user_exponent or self.item_exponent:
            require_no_negative(interactions, "a degree")
        items = relative(interactions.by_item)
        ridges = self.regularization * items ** (2 * self.item_exponent)  # see EASE
        products = Products(interactions, relative(interactions.csr) ** -self.user_exponent)
        influence = products.regress(self.neighbors, ridges, l1=0.0, nonnegative=False)
        influence = scaled(influence, None, items**-self.item_exponent)
        return SLIMModel(self, interactions, influence)


class SLIMModel(ItemItemModel):
    """A fitted `SLIM` or `SparseEASE`.

    Attributes
    ----------
    influence : Csr (n_items, n_items)
        Row `i` has what item `i` in a history adds to the scores of other items.
    """
