"""Alternating least squares behind an index of items: here exact, and fast all the same.

`pyrec.kernels.ItemIndex` rules most items out by rigorous bounds, so nothing is gained by a list
that may be wrong. What would tune the approximation is accepted and has no effect.
"""

from typing import Any

from pyrec.compat.implicit.cpu.als import AlternatingLeastSquares

__all__ = [
    "AnnoyAlternatingLeastSquares",
    "FaissAlternatingLeastSquares",
    "NMSLibAlternatingLeastSquares",
]


def NMSLibAlternatingLeastSquares(
    *args: Any,
    approximate_similar_items: bool = True,
    approximate_recommend: bool = True,
    method: str = "hnsw",
    index_params: dict[str, Any] | None = None,
    query_params: dict[str, Any] | None = None,
    **kwargs: Any,
) -> AlternatingLeastSquares:
    """Return an exact model; the other arguments are those of `AlternatingLeastSquares`."""
    return AlternatingLeastSquares(*args, **kwargs)


def AnnoyAlternatingLeastSquares(
    *args: Any,
    approximate_similar_items: bool = True,
    approximate_recommend: bool = True,
    n_trees: int = 50,
    search_k: int = -1,
    **kwargs: Any,
) -> AlternatingLeastSquares:
    """Return an exact model; the other arguments are those of `AlternatingLeastSquares`."""
    return AlternatingLeastSquares(*args, **kwargs)


def FaissAlternatingLeastSquares(
    *args: Any,
    approximate_similar_items: bool = True,
    approximate_recommend: bool = True,
    nlist: int = 400,
    nprobe: int = 20,
    **kwargs: Any,
) -> AlternatingLeastSquares:
    """Return an exact model; the other arguments are those of `AlternatingLeastSquares`."""
    return AlternatingLeastSquares(*args, **kwargs)
