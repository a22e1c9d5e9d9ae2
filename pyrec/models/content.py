"""ContentKNN: items like those you had, by what they are and not by who had them."""

from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.interactions import Interactions, as_csr, select
from pyrec.errors import DataError
from pyrec.features import Features
from pyrec.io.artifact import part_of
from pyrec.models.base import Callback, Lists, checked_input
from pyrec.models.neighbors import ItemItemModel, Neighborhood, csr_arrays, csr_from
from pyrec.models.query import checked_k
from pyrec.models.search import Choices, Floats, Integers, Ranges
from pyrec.models.side_information import joined
from pyrec.runtime import resolve_threads
from pyrec.similarity import Comparable, most_similar

__all__ = ["ContentKNN", "ContentKNNModel"]


class ContentKNN(Neighborhood, frozen=True, kw_only=True):
    """Recommend what has the features of the user's items, new items too.

    The score of an item is the sum, over the user's items that are among its `neighbors` nearest by
    features, of similarity times weight, as in `ItemKNN`. Only items that somebody had are counted
    as neighbours; anything that has features can be recommended (Lops, de Gemmis, Semeraro:
    Content-based recommender systems, Recommender Systems Handbook, 2011, section 3.3.1).

    Parameters
    ----------
    neighbors : int, default 100
        How many similar items are kept for each.
    metric : {"cosine", "asymmetric", "jaccard", "dot"}
        The measure of similarity; `pyrec.similarity.Measure` has the formulas.
    weighting : {"none", "bm25", "tfidf"}
        How features are weighed before items are compared: rare ones more (`pyrec.preparation`).
        Leave it at "none" for text that is TF-IDF already.
    shrink, alpha, k1, b
        As in `ItemKNN`.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.features import Features
    >>> kinds = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
    >>> about = Features(pyrec.Vocabulary.range(4), kinds, ("tea", "cup"))
    >>> bought = sp.csr_array([[1, 0], [0, 1]])  # nobody has had the items 2 and 3
    >>> model = ContentKNN().fit(bought, item_features=about)
    >>> model.recommend([0, 1], k=1).ids.tolist()
    [[2], [3]]
    >>> model.shared_features(0, 2)
    [('tea', 1.0)]
    """

    name: ClassVar[str] = "content_knn"
    besides: ClassVar[tuple[str, ...]] = ("item_features",)
    search: ClassVar[Ranges] = {
        "neighbors": Integers(low=10, high=500, log=True),
        "metric": Choices(of=("cosine", "asymmetric")),
        "weighting": Choices(of=("none", "bm25", "tfidf")),
        "shrink": Floats(low=0.01, high=10, log=True),
        "alpha": Floats(low=0.1, high=0.9),
    }

    def fit(
        self,
        interactions: Any,
        *,
        item_features: Features | None = None,
        callback: Callback | None = None,
    ) -> "ContentKNNModel":
        """Compare all items by their features.

        Parameters
        ----------
        interactions : Interactions, Events or scipy sparse (n_users, n_items)
            What people had.
        item_features : Features
            What items are. Those without interactions join the model's items; one with interactions
            and without features is like none, and in nobody's list.

        Raises
        ------
        DataError
            If features are missing, or of none of the items that people had.
        """
        known = checked_input(interactions, callback)
        if item_features is None:
            raise DataError("item_features: content is all that this model has; give some")
        known, about = joined(known, item_features, "items")
        assert about is not None
        return ContentKNNModel(self, known, self._influence(known, about), about)

    def comparable(self, features: Features) -> Comparable:
        """Return the items weighed for comparison: they are the documents, features the terms."""
        return self.measure().prepare(self.weighted(as_csr(features.sparse(), "features"), "users"))

    def _influence(self, interactions: Interactions, about: Features) -> Csr:
        threads, items = resolve_threads(), self.comparable(about)
        columns = items.csr.transposed(threads)
        touched = np.diff(interactions.by_item.offsets) > 0
        found = most_similar(
            items,
            items,
            select(columns, touched[columns.columns]),
            self.neighbors,
            self.measure(),
            selves=np.arange(len(about), dtype=np.int32),
            threads=threads,
        )
        return found.transposed(threads)


class ContentKNNModel(ItemItemModel):
    """A fitted `ContentKNN`.

    Attributes
    ----------
    influence : Csr (n_items, n_items)
        Row `i` has what item `i` in a history adds to the scores of other items.
    features : Features
        What the items are, in their order.
    """

    estimator: ContentKNN

    def __init__(
        self, estimator: ContentKNN, interactions: Interactions, influence: Csr, features: Features
    ) -> None:
        super().__init__(estimator, interactions, influence)
        self.features = features

    def shared_features(self, item: Any, other: Any, k: int = 10) -> list[tuple[str, float]]:
        """Return the `k` features that make two items alike, with what each adds.

        Parameters
        ----------
        item, other : id
            Two items.
        k : int, default 10
            How many features to return.

        Returns
        -------
        list of (str, float)
            Names, and products of both items' weights over the denominator of the measure, so that
            all together they are the similarity.

        Raises
        ------
        UnknownIdError
            For an unknown id.
        """
        pair = self.items.encode(np.array([item, other]))
        ours, theirs = self._comparable.csr.take(pair[:1]), self._comparable.csr.take(pair[1:])
        columns, at, of = np.intersect1d(ours.columns, theirs.columns, True, True)
        products = ours.values[at].astype(np.float64) * theirs.values[of]
        own = float(self._comparable.weights[pair[0]])
        others = float(self._comparable.neighbor_weights[pair[1]])
        if self.estimator.metric == "jaccard":
            products = np.ones(len(columns)) / (
                own + others - len(columns) + self.estimator.measure().shrink
            )
        elif self.estimator.metric != "dot":
            products /= own * others + self.estimator.measure().shrink
        best = np.lexsort((columns, -products))[: checked_k(k)]
        return [(self.features.names[columns[i]], float(products[i])) for i in best]

    @cached_property
    def _comparable(self) -> Comparable:
        return self.estimator.comparable(self.features)

    @cached_property
    def _items_of_features(self) -> Csr:
        return self._comparable.csr.transposed()

    def _similar_items(self, item_rows: NDArray[np.int32], k: int, threads: int) -> Lists:
        asked, all_ = self._comparable.take(item_rows), self._comparable
        measure = self.estimator.measure()
        found = most_similar(
            asked, all_, self._items_of_features, k, measure, selves=item_rows, threads=threads
        )
        return _kernels.top_k_of_rows(found, k=k, threads=threads)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        about = {f"features.{name}": array for name, array in self.features.to_arrays().items()}
        return csr_arrays(self.influence) | about

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        about = part_of(arrays, "features")
        influence = csr_from(arrays, len(interactions.items))
        return cls(estimator, interactions, influence, Features.from_arrays(about))
