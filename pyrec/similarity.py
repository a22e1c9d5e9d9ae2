"""Measures of similarity between the rows of a sparse matrix, and the most similar rows.

The kernel divides the dot product of two rows by a denominator made of their weights; a `Measure`
says which weights and which denominator make which measure. `pyrec.kernels.neighbors` is the public
door.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.config import Options
from pyrec.data.interactions import frozen, select
from pyrec.errors import ConfigError, NumericalError

__all__ = ["Comparable", "Measure", "Metric", "greatest_products", "most_similar"]

Metric: TypeAlias = Literal["cosine", "asymmetric", "jaccard", "dot"]

# Norms between these have products, and products of two rows, that float32 holds.
_SAFE_NORMS = (1e-15, 1e18)


@dataclass(frozen=True)
class Comparable:
    """Rows made ready for comparison by a `Measure`.

    Parameters
    ----------
    csr : Csr
        The rows.
    weights : float32 (n,)
        Their part in a denominator as the row whose neighbours are wanted.
    neighbor_weights : float32 (n,)
        Their part as the neighbour.
    pattern : bool
        Whether every entry counts as 1.
    """

    csr: Csr
    weights: NDArray[np.float32]
    neighbor_weights: NDArray[np.float32]
    pattern: bool

    def take(self, rows: NDArray[np.int32]) -> "Comparable":
        """Return some of the rows."""
        weights, others = self.weights[rows], self.neighbor_weights[rows]
        return Comparable(self.csr.take(rows), weights, others, self.pattern)


class Measure(Options, frozen=True, kw_only=True):
    """How alike two rows a and b are.

    Parameters
    ----------
    metric : {"cosine", "asymmetric", "jaccard", "dot"}
        - ``"cosine"``: a·b / (|a| |b| + shrink).
        - ``"asymmetric"``: a·b / (|a|^(2 alpha) |b|^(2 - 2 alpha) + shrink), where a is the
          row whose neighbours are wanted (Aiolli, RecSys 2013, equation 4).
        - ``"jaccard"``: n_ab / (n_a + n_b - n_ab + shrink), where n counts entries other than 0
          and n_ab those in common.
        - ``"dot"``: a·b.
    alpha : float, default 0.5
        Exponent of the asymmetric cosine; 0.5 makes it the cosine.
    shrink : float, default 0
        Added to the denominator: pulls similarities that rest on little towards 0 (Bell, Koren,
        ICDM 2007, section 3). The dot product has no denominator and takes none.
    """

    metric: Metric = "cosine"
    alpha: Annotated[float, Meta(ge=0, le=1)] = 0.5
    shrink: Annotated[float, Meta(ge=0, le=1e30)] = 0.0

    def __post_init__(self) -> None:
        """Check every option, and that they fit together."""
        super().__post_init__()
        if self.metric == "dot" and self.shrink != 0:
            raise ConfigError("shrink: the dot product has no denominator to add it to")

    def prepare(self, csr: Csr) -> Comparable:
        """Weigh rows for comparison.

        Raises
        ------
        NumericalError
            If weights are so large or small that similarities leave the range of float32.
        """
        if self.metric == "jaccard":
            csr = select(csr, csr.values != 0)
            counts = np.diff(csr.offsets).astype(np.float32)
            return Comparable(csr, counts, counts, pattern=True)
        norms = _kernels.row_norms(csr)
        if self.metric == "cosine" and self.shrink == 0:
            csr, norms = _in_safe_range(csr, norms)
        else:
            self._check_range(norms)
        own, other = self._exponents()
        return Comparable(
            csr,
            np.power(norms, own).astype(np.float32),
            np.power(norms, other).astype(np.float32),
            pattern=bool(np.all(csr.values == 1)),
        )

    @property
    def denominator(self) -> str:
        """The kernel's name of the denominator."""
        return {"jaccard": "combined", "dot": "none"}.get(self.metric, "product")

    def _exponents(self) -> tuple[float, float]:
        if self.metric == "asymmetric":
            return 2 * self.alpha, 2 - 2 * self.alpha
        return 1.0, 1.0

    def _check_range(self, norms: NDArray[np.float64]) -> None:
        low, high = _SAFE_NORMS
        # Small norms matter only where they are divided by.
        wrong = norms > high
        if self.metric == "asymmetric" and self.shrink == 0:
            wrong |= (norms > 0) & (norms < low)
        if np.any(wrong):
            row = int(np.argmax(wrong))
            raise NumericalError(
                f"row {row}: has norm {norms[row]:.3g}, and its similarities leave the range of "
                f"float32; scale the weights so that norms lie between {low:g} and {high:g}"
            )


def most_similar(
    rows: Comparable,
    others: Comparable,
    columns: Csr,
    k: int,
    measure: Measure,
    *,
    selves: NDArray[np.int32] | None = None,
    mutual: bool = False,
    threads: int,
) -> Csr:
    """Return for each row the `k` most similar of the others, entries in column order.

    Parameters
    ----------
    rows, others : Comparable
        Whose neighbours are wanted, and who can be one; over the same columns.
    columns : Csr
        The transpose of ``others.csr``.
    k : int
        How many to keep.
    measure : Measure
        The one that prepared both.
    selves : int32 (n,), optional
        For each row the other that is the row itself, or -1.
    mutual : bool, default False
        Whether the others are the rows, in their order: then each row is its own self.
    threads : int
        Number of threads.
    """
    if mutual:
        selves = np.arange(rows.csr.shape[0], dtype=np.int32)
    found = _kernels.find_neighbors(
        rows.csr,
        rows.weights,
        columns,
        others.neighbor_weights,
        np.empty(0, np.int32) if selves is None else selves,
        k=k,
        denominator=measure.denominator,
        shrink=measure.shrink,
        pattern=rows.pattern and others.pattern,
        mutual=mutual,
        threads=threads,
    )
    if measure.metric == "cosine":  # rounding takes that of equal rows to 1.0000001
        np.clip(found[2], -1, 1, out=found[2])
    for array in found:
        array.flags.writeable = False
    return Csr(*found, columns.shape[1])


def greatest_products(
    left: Csr,
    right: Csr,
    k: int,
    *,
    selves: NDArray[np.int32] | None = None,
    threads: int,
) -> Csr:
    """Return the `k` greatest entries of each row of ``left @ right``, in column order.

    Parameters
    ----------
    left : Csr (n, d)
        Left factor.
    right : Csr (d, m)
        Right factor.
    k : int
        How many to keep.
    selves : int32 (n,), optional
        For each row a column that is left out.
    threads : int
        Number of threads.
    """
    found = _kernels.find_neighbors(
        left,
        np.zeros(left.shape[0], np.float32),
        right,
        np.zeros(right.shape[1], np.float32),
        np.empty(0, np.int32) if selves is None else selves,
        k=k,
        denominator="none",
        shrink=0.0,
        pattern=False,
        threads=threads,
    )
    for array in found:
        array.flags.writeable = False
    return Csr(*found, right.shape[1])


def _in_safe_range(csr: Csr, norms: NDArray[np.float64]) -> tuple[Csr, NDArray[np.float64]]:
    """Scale rows by powers of two, exactly, if some norms are very large or small.

    A cosine does not depend on the scale of its rows, and so weights that have decayed to 1e-30 may
    still be compared.
    """
    real = norms[norms > 0]
    low, high = _SAFE_NORMS
    if not len(real) or (real.min() >= low and real.max() <= high):
        return csr, norms
    _, exponents = np.frexp(norms)
    values = np.ldexp(csr.values, np.repeat(-exponents, np.diff(csr.offsets)))
    scaled = Csr(csr.offsets, csr.columns, frozen(values), csr.shape[1])
    return scaled, np.ldexp(norms, -exponents)
