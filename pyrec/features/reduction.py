"""Reduction: many columns as a few that keep most of their variation."""

from typing import Annotated, Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as sla
from msgspec import Meta
from numpy.typing import NDArray

from pyrec.errors import DataError
from pyrec.features.encodings import Arrays, Encoded, Known, Step

__all__ = ["Reduce"]


class Reduce(Step, frozen=True, kw_only=True, tag="reduce"):
    """All columns of the steps before, together, as a few: truncated SVD, or PCA if centred.

    Parameters
    ----------
    components : int, default 64
        How many columns are left.
    center : bool, default False
        Whether the means are subtracted first, which makes it a principal component analysis.
    prefix : str, default "component"
        What the columns are called: ``"component 1"``, and so on.
    random_state : int, default 0
        Seed of the start.

    Examples
    --------
    >>> from pyrec import Vocabulary
    >>> from pyrec.data.catalogue import Catalogue
    >>> line = np.array([[1, 2, 3], [2, 4, 6], [3, 6, 9]], np.float32)
    >>> known = Known(Catalogue(Vocabulary.range(3), {}), Encoded(line, ("a", "b", "c"), {}))
    >>> step = Reduce(components=1)
    >>> step.encode(known, step.fit(known)).matrix.ravel().astype(float).round(2).tolist()
    [3.74, 7.48, 11.22]
    """

    components: Annotated[int, Meta(ge=1)] = 64
    center: bool = False
    prefix: str = "component"
    random_state: Annotated[int, Meta(ge=0)] = 0

    def fit(self, known: Known) -> Arrays:
        """Return the leading right singular vectors as columns, and the means."""
        matrix = _before(known)
        n, d = matrix.shape
        if self.components >= min(n, d):
            raise DataError(
                f"reduce: {self.components} components of {d} columns and {n} rows; ask for fewer "
                f"than {min(n, d)}"
            )
        wide = matrix.astype(np.float64)
        means = np.asarray(wide.mean(axis=0)).ravel() if self.center else np.zeros(d)
        # Subtracting the means would leave no zeros: they are subtracted from every product.
        centred = sla.LinearOperator(
            (n, d),
            matvec=lambda x: wide @ x - means @ x,
            rmatvec=lambda y: wide.T @ y - means * y.sum(),
            dtype=np.float64,
        )
        start = np.random.default_rng(self.random_state).standard_normal(min(n, d))
        vectors = sla.svds(centred, k=self.components, v0=start)[2][::-1].T
        # A vector and its opposite are equally right: the greatest entry is positive.
        greatest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0)
        vectors = np.ascontiguousarray(vectors * np.sign(greatest), dtype=np.float32)
        return {"vectors": vectors, "offsets": (means @ vectors).astype(np.float32)}

    def encode(self, known: Known, arrays: Arrays) -> Encoded:
        """Return the projections of the rows."""
        # A sparse product goes row by row: the bits of a row do not depend on how many there are.
        matrix: NDArray[Any] = _before(known) @ np.asarray(arrays["vectors"]) - arrays["offsets"]
        names = tuple(f"{self.prefix} {at + 1}" for at in range(matrix.shape[1]))
        return Encoded(matrix, names, {})


def _before(known: Known) -> sp.csr_array:
    if known.before is None:
        raise DataError("reduce: no step is before it; put what it shall reduce there")
    return sp.csr_array(known.before.matrix)
