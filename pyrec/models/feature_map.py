"""Feature maps: from what is known of an item or user to its factors, by ridge regression."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec.arguments import require_memory
from pyrec.data.columns import owned
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import NumericalError
from pyrec.features import Features
from pyrec.io.artifact import part_of
from pyrec.models.side_information import require_columns

__all__ = ["FeatureMap", "unit_rows"]

_F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """A linear map from features to factors.

    Rows of features are scaled to length 1, so that one regularisation fits any features, and a
    constant is put beside them. A row without features has the factors 0: nothing is known of it.

    Parameters
    ----------
    names : tuple of str
        The features, in order.
    weights : float32 (len(names) + 1, factors)
        What each adds to the factors; the last row is the constant's.

    Examples
    --------
    >>> import numpy as np, pyrec
    >>> about = Features(pyrec.Vocabulary.range(3), np.array([[1, 0], [0, 1], [1, 0]]), ("a", "b"))
    >>> factors = np.array([[2.0], [-2.0], [0.0]], np.float32)
    >>> learnt = FeatureMap.fit(about, factors, np.array([5, 5, 0]), regularization=0.01)
    >>> learnt(about).round(1).tolist()  # nobody met item 2, but its features are known
    [[2.0], [-2.0], [2.0]]
    """

    names: tuple[str, ...]
    weights: _F32

    @classmethod
    def fit(
        cls,
        features: Features,
        factors: _F32,
        counts: NDArray[Any],
        *,
        regularization: float,
        exponent: float = 1.0,
        length: float = 1.0,
    ) -> Self:
        """Fit the factors of those who have been met, each weighing a power of how often.

        The weighted ridge regression of Gantner et al. 2010, "Learning attribute-to-feature
        mappings for cold-start recommendations", section 4.2, in closed form.

        Parameters
        ----------
        features : Features (n, d)
            What is known.
        factors : float32 (n, f)
            What was learnt.
        counts : (n,)
            How often each was met; who was never met is not looked at.
        regularization : float
            Added to the diagonal, beside weights whose mean is 1.
        exponent : float
            The power of the counts.
        length : float
            How long mapped factors are, next to those that were learnt: a regression predicts too
            little, so all is scaled until the sums of squares, with the weights of the regression,
            have this ratio squared.

        Raises
        ------
        OutOfMemoryError
            If there are so many features that their products do not fit into memory.
        """
        width = len(features.names) + 1
        require_memory(
            16 * width * width, "products of features", "reduce their number by a truncated SVD"
        )
        met = np.flatnonzero(counts > 0)
        rows = _prepared(features)[met]
        weights = np.asarray(counts[met], np.float64) ** exponent
        weights /= weights.mean()
        weighted = sp.csr_array(rows.multiply(weights[:, None]))
        normal = np.asarray((rows.T @ weighted).todense())
        normal[np.diag_indices_from(normal)] += regularization
        target = weighted.T @ factors[met].astype(np.float64)
        try:
            solved = scipy.linalg.solve(normal, target, assume_a="pos", overwrite_a=True)
        except scipy.linalg.LinAlgError:
            raise NumericalError(
                "features: their normal equations are singular; raise `map_regularization`"
            ) from None
        mapped = rows @ solved
        found = weights @ np.square(mapped).sum(axis=1)
        wanted = weights @ np.square(factors[met], dtype=np.float64).sum(axis=1)
        scale = length * np.sqrt(wanted / found) if found > 0 else 1.0
        return cls(features.names, owned((scale * solved).astype(np.float32)))

    def __call__(self, features: Features, name: str = "features") -> _F32:
        """Return factors (n, f) of others with the same features.

        Raises
        ------
        DataError
            If they have other columns than those of the fit.
        """
        require_columns(features, self.names, name)
        return np.asarray(_prepared(features) @ self.weights.astype(np.float64), dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays, for an artefact."""
        names = Vocabulary(np.array(self.names, dtype=np.dtypes.StringDType())).to_arrays()
        return {"weights": self.weights, **{f"names.{n}": a for n, a in names.items()}}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Rebuild a map from `to_arrays`."""
        names = Vocabulary.from_arrays(part_of(arrays, "names"))
        return cls(tuple(names.ids.tolist()), arrays["weights"])


def unit_rows(features: Features) -> sp.csr_array:
    """Return the rows scaled to length 1, those of zeros empty."""
    matrix = features.sparse().astype(np.float64)
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    inverse = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
    scaled = sp.csr_array(matrix.multiply(inverse[:, None]))
    scaled.eliminate_zeros()
    return scaled


def _prepared(features: Features) -> sp.csr_array:
    """Return unit rows with a constant beside them, but for rows of zeros."""
    scaled = unit_rows(features)
    constant = sp.csr_array((np.diff(scaled.indptr) > 0).astype(np.float64)[:, None])
    return sp.csr_array(sp.hstack([scaled, constant]))
