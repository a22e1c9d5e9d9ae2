"""Models of the graph of users and items: walks and filters that are products of sparse matrices.

All keep one matrix, items by items, of how much an item of the history speaks for another one, and
score like `ItemKNN`. They differ in how the edges on the way item - user - item are weighed.
"""

from typing import Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta

from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions
from pyrec.models.abilities import Refits
from pyrec.models.base import Callback, Estimator
from pyrec.models.degrees import degrees, inverse_powers, require_no_negative, scaled, shares
from pyrec.models.neighbors import ItemItemModel
from pyrec.models.search import Choices, Floats, Integers, Ranges
from pyrec.runtime import resolve_threads
from pyrec.similarity import greatest_products

__all__ = ["GraphFilter", "GraphModel", "P3Alpha", "RP3Beta"]

Exponent = Annotated[float, Meta(ge=0, le=10)]

# Fewer neighbours lose quality where items have much in common with many others: 200 cost 1 to 7%
# of NDCG on Gowalla and Yelp2018. Those of targets are better where everybody has much, since a few
# popular items take up all places among those of sources; those of sources where the few neighbours
# of rare items are noise. NDCG of `P3Alpha` with 100 neighbours, on validation: .50 against .41 on
# MovieLens-1M, .055 against .065 on AmazonElectronics.
KEPT: Ranges = {
    "neighbors": Integers(low=50, high=2000, log=True),
    "neighbors_of": Choices(of=("source", "target")),
    "normalize": Choices(of=(False, True)),
}


class Graph(Estimator, frozen=True, kw_only=True):
    """What models of the graph have in common: which entries of their matrix are kept."""

    neighbors: Annotated[int, Meta(ge=1)] = 300
    neighbors_of: Literal["source", "target"] = "source"
    normalize: bool = False

    def kept(self, interactions: Interactions, leave: Csr, arrive: Csr) -> "GraphModel":
        """Keep the greatest entries of each row or column of the product, the diagonal left out."""
        threads = resolve_threads()
        if self.neighbors_of == "target":
            leave, arrive = arrive.transposed(threads), leave.transposed(threads)
        selves = np.arange(len(interactions.items), dtype=np.int32)
        influence = greatest_products(leave, arrive, self.neighbors, selves=selves, threads=threads)
        if self.neighbors_of == "target":
            influence = influence.transposed(threads)
        if self.normalize:
            influence = shares(influence)
        return GraphModel(self, interactions, influence)


class P3Alpha(Graph, frozen=True, kw_only=True):
    """Recommend where a walk of three steps ends: user, item, another user, item.

    An item of the history is left for a user, and the user for an item, with probabilities in
    proportion to the weights, each to the power `alpha` (Cooper, Lee, Radinsky, Siantos: Random
    walks in recommender systems, WWW 2014). Computed exactly, not by sampling walks.

    Parameters
    ----------
    neighbors : int, default 300
        How many items are kept for each item of a history, or for each that is recommended.
    neighbors_of : {"source", "target"}, default "source"
        Which of the two: of an item of a history those for which it speaks most, or of an item to
        recommend those that speak for it most, as `ItemKNN` does.
    alpha : float, default 0.6
        Exponent of the probabilities. On validation splits of eight logs it does better than 1 by
        9% to 26% of NDCG@20 on five, and worse by 3% to 8% on three where people have much.
    normalize : bool, default False
        Whether what an item of a history says of all that are kept is made to sum to 1.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> P3Alpha().fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "p3alpha"
    search: ClassVar[Ranges] = {"alpha": Floats(low=0.3, high=2), **KEPT}

    alpha: Exponent = 0.6

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "GraphModel":
        return self.kept(interactions, *_walk(interactions, self.alpha))


class RP3Beta(Graph, frozen=True, kw_only=True):
    """Recommend where a walk of three steps ends, popular items less than it would.

    The probabilities of `P3Alpha` divided by the item's popularity to the power `beta` (Paudel,
    Christoffel, Newell, Bernstein: Updatable, accurate, diverse, and scalable recommendations for
    interactive applications, ACM TiiS 7, 2016).

    Parameters
    ----------
    neighbors : int, default 300
        How many items are kept for each item of a history, or for each that is recommended.
    neighbors_of : {"source", "target"}, default "source"
        Which of the two: of an item of a history those for which it speaks most, or of an item to
        recommend those that speak for it most, as `ItemKNN` does.
    alpha : float, default 0.6
        Exponent of the probabilities.
    beta : float, default 0.3
        Exponent of the popularity that is divided by; 0 makes it `P3Alpha`. What is best depends on
        the log: 0.6 with an `alpha` of 1 did best on validation of MovieLens-1M and Online Retail,
        and recommended next to nothing right on Complete Journey. The defaults were never more than
        22% below the best of eleven choices on six logs.
    normalize : bool, default False
        Whether what an item of a history says of all that are kept is made to sum to 1.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> RP3Beta(beta=0.9).fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "rp3beta"
    search: ClassVar[Ranges] = {
        "alpha": Floats(low=0.3, high=2),
        "beta": Floats(low=0, high=1.2),
        **KEPT,
    }

    alpha: Exponent = 0.6
    beta: Exponent = 0.3

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "GraphModel":
        leave, arrive = _walk(interactions, self.alpha)
        by_popularity = inverse_powers(degrees(interactions.by_item), self.beta)
        arrive = scaled(arrive, None, by_popularity)
        return self.kept(interactions, leave, arrive)


class GraphFilter(Graph, frozen=True, kw_only=True):
    """Recommend by co-occurrence, its edges normalised by free powers of the degrees.

    What item `i` of a history adds to item `j` is the sum over the users `u` of both of
    ``x_ui x_uj / d_u**user_exponent``, divided by ``d_i**source_exponent`` and
    ``d_j**target_exponent``, where `d` are sums of weights. With 1, 1/2, 1/2 it is the linear graph
    filter of Shen et al. (How powerful is graph convolution for recommendation?, CIKM 2021); Park,
    Yoo and Shin (Turbo-CF, SIGIR 2024) free its exponents.

    Parameters
    ----------
    neighbors : int, default 300
        How many items are kept for each item of a history, or for each that is recommended.
    neighbors_of : {"source", "target"}, default "source"
        Which of the two: of an item of a history those for which it speaks most, or of an item to
        recommend those that speak for it most, as `ItemKNN` does.
    user_exponent : float, default 0.6
        How much less a user who has much says about two items.
    source_exponent : float, default 0.5
        How much less a popular item of the history says.
    target_exponent : float, default 0.4
        How much less popular items are recommended.
    normalize : bool, default False
        Whether what an item of a history says of all that are kept is made to sum to 1.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> GraphFilter().fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "graph_filter"
    search: ClassVar[Ranges] = {
        "user_exponent": Floats(low=0, high=1.2),
        "source_exponent": Floats(low=0, high=1.2),
        "target_exponent": Floats(low=0, high=1.2),
        **KEPT,
    }

    user_exponent: Exponent = 0.6
    source_exponent: Exponent = 0.5
    target_exponent: Exponent = 0.4

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "GraphModel":
        require_no_negative(interactions, "a walk")
        items = degrees(interactions.by_item)
        leave = scaled(interactions.by_item, inverse_powers(items, self.source_exponent), None)
        arrive = scaled(
            interactions.csr,
            inverse_powers(degrees(interactions.csr), self.user_exponent),
            inverse_powers(items, self.target_exponent),
        )
        return self.kept(interactions, leave, arrive)


class GraphModel(ItemItemModel, Refits):
    """A fitted model of the graph.

    Attributes
    ----------
    influence : Csr (n_items, n_items)
        Row `i` has what item `i` in a history adds to the scores of other items.
    """

    @property
    def nearest(self) -> Csr:
        """Row `i` has the items for which item `i` speaks most: the same matrix."""
        return self.influence


def _walk(interactions: Interactions, alpha: float) -> tuple[Csr, Csr]:
    """Return the probabilities to leave items for users, and users for items, to a power."""
    require_no_negative(interactions, "a walk")
    sides = []
    for csr in (interactions.by_item, interactions.csr):
        probabilities = scaled(csr, inverse_powers(degrees(csr), 1.0), None)
        values = np.power(probabilities.values, np.float32(alpha), where=probabilities.values > 0,
                          out=np.zeros_like(probabilities.values))  # fmt: skip
        sides.append(Csr(csr.offsets, csr.columns, owned(values), csr.shape[1]))
    return sides[0], sides[1]
