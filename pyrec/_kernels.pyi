"""The C++ kernels: validated arrays in, arrays out, no logic.

Arrays must be C-contiguous and of exactly the stated dtype; anything else is a `TypeError`.
`pyrec.kernels` is the friendly door to the same functions.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_F32: TypeAlias = NDArray[np.float32]
_F64: TypeAlias = NDArray[np.float64]
_I32: TypeAlias = NDArray[np.int32]
_U8: TypeAlias = NDArray[np.uint8]
_U64: TypeAlias = NDArray[np.uint64]
_I64: TypeAlias = NDArray[np.int64]

class Csr:
    """A sparse matrix whose structure was checked: holding one proves that it is valid.

    Parameters
    ----------
    offsets : int64 (rows + 1,)
        Row `i` has the entries ``offsets[i]:offsets[i + 1]``.
    columns : int32 (nnz,)
        Strictly increasing within a row.
    values : float32 (nnz,)
        Finite.
    cols : int
        Number of columns.

    Raises
    ------
    DataError
        Naming the first offending entry. The arrays must be read-only, as they are shared.
    """

    def __init__(self, offsets: _I64, columns: _I32, values: _F32, cols: int) -> None: ...
    @property
    def offsets(self) -> _I64: ...
    @property
    def columns(self) -> _I32: ...
    @property
    def values(self) -> _F32: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def nnz(self) -> int: ...
    def transposed(self, threads: int = 1) -> Csr:
        """Return the transpose; the same for any number of threads."""
    def take(self, rows: _I32) -> Csr:
        """Return a matrix of the chosen rows, in the order given; a row may be chosen twice."""
    def take_columns(self, columns: _I32) -> Csr:
        """Return the chosen columns as rows, in the order given; each may be chosen once."""
    def plus(self, other: Csr) -> tuple[Csr, _I64, _I64]:
        """Return the sum with a matrix as large or larger, and where in it the entries of both are.

        Raises
        ------
        DataError
            If a sum is not finite.
        """
    def united(self, other: Csr) -> Csr:
        """Return the pattern of this matrix or another of its shape; all values are 1."""
    def transpose_positions(self) -> _I64:
        """Return, for each entry of the transpose, its position in this matrix."""

def group_pairs(
    rows: _I32, columns: _I32, *, row_count: int, threads: int
) -> tuple[_I64, _I32, _I64, _I64]:
    """Return `offsets`, `columns`, `starts` and `order` of the distinct pairs, sorted.

    Row `i` has the pairs ``offsets[i]:offsets[i + 1]``; pair `p` has the column ``columns[p]`` and
    the events ``order[starts[p]:starts[p + 1]]``, in arrival order. Rows must be in range.
    """

def merge_pairs(
    starts: _I64,
    order: _I64,
    *,
    weights: _F32 | None,
    kinds: _U8 | None,
    factors: NDArray[np.float64] | None,
    times: _I64 | None,
    how: str,
    threads: int,
) -> tuple[NDArray[np.float64], NDArray[np.uint32], _I64]:
    """Return the merged weight ("sum", "max" or "last"), kind bits and latest time of each pair.

    `factors` multiply the weights of each kind. Without `kinds` or `times` the respective result
    is empty.
    """

def simd_level() -> str:
    """Return the SIMD level in use."""

def available_simd_levels() -> list[str]:
    """Return the SIMD levels that this CPU has, least first."""

def set_simd_level(name: str) -> None:
    """Switch the SIMD level of the process (for tests and benchmarks)."""

def default_threads() -> int:
    """Return the number of threads used when nobody says."""

def recommend_dense(
    users: _F32,
    items: _F32,
    exclude: Csr | None,
    allowed: _U64 | None,
    *,
    k: int,
    threads: int,
) -> tuple[_I32, _F32]:
    """Return rows and scores (users, k) of the items of highest inner product.

    Parameters
    ----------
    exclude : Csr (users, items), optional
        Pairs that shall not appear.
    allowed : uint64 (items / 64 rounded up,), optional
        A bitset of the items that may appear in any list (`pyrec.data.bits`).
    """

def index_items(items: _F32, *, threads: int) -> tuple[_I32, _U8, _F64]:
    """Return what `recommend_indexed` needs beside the items: order, codes, bounds.

    Returns
    -------
    order : int32 (items,)
        Rows by falling norm. Items stand in panels of 64.
    codes : uint8 (panels * groups * 64 * 4,)
        The factors in this order, quantised, in groups of four.
    bounds : float64 (panels * 3,)
        The step of a panel's codes, its largest norm, its largest error of quantisation.
    """

def recommend_indexed(
    users: _F32,
    items: _F32,
    order: _I32,
    codes: _U8,
    bounds: _F64,
    exclude: Csr | None,
    allowed: _U64 | None,
    *,
    k: int,
    threads: int,
) -> tuple[_I32, _F32, tuple[int, int]]:
    """Return what `recommend_dense` returns, and how many pairs were screened and scored."""

def score_pairs(
    users: _F32, items: _F32, user_rows: _I32, item_rows: _I32, *, threads: int = 1
) -> _F32:
    """Return the inner product of each pair of rows: the bits that `recommend_dense` reports."""

def recommend_sparse(
    histories: Csr,
    neighbors: Csr,
    exclude: Csr | None,
    allowed: _U64 | None,
    *,
    k: int,
    threads: int,
) -> tuple[_I32, _F32]:
    """Return rows and scores (histories, k) of the highest entries of ``histories @ neighbors``.

    Only stored products count: an item that no row of `neighbors` reaches does not appear, so a
    list can be short.
    """

def score_pairs_sparse(
    histories: Csr, neighbors: Csr, user_rows: _I32, item_rows: _I32, *, threads: int = 1
) -> _F32:
    """Return entries of ``histories @ neighbors``: the bits that `recommend_sparse` reports."""

def top_k_of_rows(scores: Csr, *, k: int, threads: int) -> tuple[_I32, _F32]:
    """Return columns and values (rows, k) of the highest stored entries of each row."""

def rerank_by_relevance(rows: _I32, relevance: _F32, *, k: int, threads: int) -> tuple[_I32, _F32]:
    """Return the `k` candidates of highest relevance of each list (n, width), padded with -1."""

def rerank_mmr(
    rows: _I32, relevance: _F32, vectors: _F32 | Csr, *, k: int, trade_off: float, threads: int
) -> tuple[_I32, _F32]:
    """Return `k` of each list's candidates by maximal marginal relevance, and what each added.

    The next item has the greatest ``trade_off * relevance - (1 - trade_off) * max(0, s)`` where `s`
    is its greatest product with the vectors, of length 1 or 0, of those chosen before.
    """

def rerank_dpp(
    rows: _I32, relevance: _F32, vectors: _F32 | Csr, *, k: int, trade_off: float, threads: int
) -> tuple[_I32, _F32]:
    """Return `k` of each list's candidates by a determinantal point process, and what each added.

    The next item raises ``trade_off * sum(relevance) + (1 - trade_off) * log(det(S))`` the most;
    `S` has ones on its diagonal and 0.99 times the products of the vectors beside it.
    """

def rerank_calibrated(
    rows: _I32,
    relevance: _F32,
    memberships: Csr,
    mixes: Csr,
    *,
    k: int,
    weight: float,
    threads: int,
) -> tuple[_I32, _F32]:
    """Return `k` of each list's candidates by calibration, and what each added.

    The next item raises ``(1 - weight) * sum(relevance) + weight * sum(p * log(q))`` the most: `p`
    is the list's row of `mixes`, `q` is 0.01 `p` plus 0.99 times the shares of groups in the list
    of `k` items, an item counting as its row of `memberships` says.
    """

def cap_lists(lists: _I32, groups: _I32, most: _I32, *, fixed: int, k: int, threads: int) -> _I32:
    """Return the positions (n, k) of the entries of lists (n, m) that are below all caps.

    Each list is walked from its best entry on; positions are padded with -1.

    Parameters
    ----------
    groups : int32 (caps, items)
        The group of each item under each cap; -1 for none.
    most : int32 (caps,)
        How many of a group a list may have.
    fixed : int
        The first entries that are kept, and counted, whatever the caps.
    """

def validate_lists(lists: _I32, *, items: int) -> None:
    """Check that lists (n, k) hold distinct items in [0, items), padded with -1 at the end only.

    Raises
    ------
    DataError
        Naming the first offending entry.
    """

def judge(
    lists: _I32, relevant: Csr, cutoffs: _I32, *, graded: bool, threads: int
) -> tuple[_I32, _I32, _F64, _F64, _F64]:
    """Judge valid lists (n, k) against what their users wanted, at all cut-offs in one pass.

    Parameters
    ----------
    cutoffs : int32 (c,)
        Increasing; behind the end of a list there are no hits.
    graded : bool
        Whether the gain of an item is its value in `relevant` (0 or more), else 1.

    Returns
    -------
    first_hit : int32 (n,)
        Position of the first relevant item, from 1; 0 without one.
    hits : int32 (n, c)
        Relevant items up to the cut-off.
    precision_sum : float64 (n, c)
        Sum of the precision at those items' positions.
    gain, ideal_gain : float64 (n, c)
        Discounted cumulative gain of the list and of the best one.
    """

def auc(scores: Csr, relevant: Csr, *, threads: int) -> _F64:
    """Return per row the share of pairs (relevant, other) among the scored that are in order."""

def bootstrap_sums(values: _F64, *, replicates: int, seed: int, threads: int) -> _F64:
    """Return column sums (replicates, m) of as many rows of `values`, drawn with replacement."""

def sign_flip_sums(values: _F64, *, replicates: int, seed: int, threads: int) -> _F64:
    """Return column sums (replicates, m) of the rows of `values`, each with a random sign."""

class AlsOptions:
    """What als.hpp minimises, and how: `solver` is "cg", "exact" or "subspace"."""

    def __init__(
        self,
        *,
        solver: str,
        regularization: float,
        alpha: float,
        unobserved_weight: float,
        regularization_exponent: float,
        cg_steps: int,
        block_size: int,
    ) -> None: ...

class AlsSide:
    """The factors that stay as they are during a half-step, with their Gram matrix."""

    def __init__(self, options: AlsOptions) -> None: ...
    def prepare(self, factors: _F32, *, threads: int) -> None:
        """Take the factors, which are shared: do not change them while the side is in use."""

class AlsScratch:
    """Memory that half-steps work in; one half-step at a time."""

    def __init__(self) -> None: ...

def als_solve(
    matrix: Csr, side: AlsSide, solved: _F32, scratch: AlsScratch, *, threads: int
) -> None:
    """Replace each row of `solved` by the factors that fit the matrix's row best.

    Raises
    ------
    NumericalError
        If the normal equations of a row are singular.
    """

def als_objective(
    matrix: Csr, users: _F32, items: _F32, options: AlsOptions, *, threads: int
) -> float:
    """Return the objective, summed in double precision."""

def explain_als(
    histories: Csr, side: AlsSide, lists: _I32, *, k: int, threads: int
) -> tuple[_I32, _F32, _F64]:
    """Return what items of histories (n, items) add to the scores of those in lists (n, m).

    Rows and contributions (n * m, k), the largest first, padded with -1 and -inf; totals (n * m,).

    Raises
    ------
    NumericalError
        If the normal equations of a row are singular.
    """

def explain_sparse(
    histories: Csr, neighbors: Csr, lists: _I32, *, k: int, threads: int
) -> tuple[_I32, _F32, _F64]:
    """Return the same for scores that are sums of ``weight * neighbors[item of history, item]``."""

def row_norms(matrix: Csr) -> _F64:
    """Return the Euclidean norm of every row."""

def nearest_sessions(
    running: Csr, sessions_of: Csr, *, sample: int, k: int, length: int, threads: int
) -> tuple[_I64, _I32, _F32]:
    """Return offsets, columns and values of the `k` past sessions most like each running one.

    Parameters
    ----------
    running : Csr (n, items)
        Weights of the items, most for the latest; only the `length` heaviest are looked at.
    sessions_of : Csr (items, sessions)
        The past sessions of each item, numbered from the latest on. Only the `sample` latest that
        share an item with the running one are compared.

    Returns
    -------
    offsets, columns, values
        The value is the sum of the weights of the shared items times the greatest of them.
    """

def find_neighbors(
    rows: Csr,
    row_weights: _F32,
    columns: Csr,
    column_weights: _F32,
    selves: _I32,
    *,
    k: int,
    denominator: str,
    shrink: float,
    threshold: float = ...,
    pattern: bool,
    mutual: bool = ...,
    threads: int,
) -> tuple[_I64, _I32, _F32]:
    """Return offsets, columns and values of the `k` highest similarities of each row.

    The similarity of row `i` and column `j` is their dot product over a denominator.

    Parameters
    ----------
    rows : Csr (n, d)
    columns : Csr (d, m)
    row_weights, column_weights : float32 (n,), (m,)
        What the denominator is made of.
    selves : int32 (n,) or empty
        For each row the column that is the row itself and so no neighbour of it, or -1.
    denominator : {"none", "product", "combined"}
        1, or the product of the weights plus `shrink`, or their sum less the dot product plus
        `shrink`.
    threshold : float, default -inf
        Only similarities above it are kept.
    pattern : bool
        Whether every stored entry counts as 1.
    mutual : bool, default False
        Whether `rows` is the transpose of `columns` and `selves` names all in order, so that pairs
        may be counted once.
    """

def regress_on_neighbors(
    lower: Csr,
    diagonal: _F32,
    ridges: _F32,
    candidates: Csr,
    *,
    l1: float,
    nonnegative: bool,
    sweeps: int,
    tolerance: float,
    threads: int,
) -> _F32:
    """Return weights, in the places of the candidates' values, that explain each item by others.

    For item `j` they minimise ``|x_j - X w|^2 / 2 + sum(ridges * w^2) / 2 + l1 |w|_1`` over the
    columns of row `j` of `candidates`, by at most so many sweeps of coordinate descent.

    Parameters
    ----------
    lower : Csr (n, n)
        The strict lower triangle of ``G = X'X``.
    diagonal, ridges : float32 (n,)
        The diagonal of `G`, and what is added to it.
    candidates : Csr (n, n)
        Which items may explain which; none itself.
    tolerance : float
        Sweeps end where no weight changed by more than this, relative to the greatest.

    Raises
    ------
    NumericalError
        If the weights of an item grow without bound; names it.
    """

def bpr_epoch(
    matrix: Csr,
    users: _F32,
    items: _F32,
    *,
    epoch: int,
    learning_rate: float,
    regularization: float,
    candidates: int,
    seed: int,
    threads: int,
) -> None:
    """Take one step of Bayesian personalised ranking for each entry of the matrix, in place."""

def bpr_fold_in(
    histories: Csr,
    items: _F32,
    *,
    epochs: int,
    learning_rate: float,
    regularization: float,
    candidates: int,
    seed: int,
    threads: int,
) -> _F32:
    """Return factors of users that start at 0 and are trained while the items stay as they are.

    `learning_rate` is that of the first epoch; it falls linearly to 0.
    """

def solve_ridge(matrix: Csr, table: _F32, base: _F32, *, ridge: float, threads: int) -> _F32:
    """Return for each row of the matrix the weights of a ridge regression over its stored entries.

    They minimise the sum of ``(y - base[j] - table[j] . w)^2`` over the row's entries `y` in the
    columns `j`, plus ``ridge * n * |w|^2`` where `n` counts them. Zeros for an empty row.

    Raises
    ------
    NumericalError
        If the equations of a row are singular; names it.
    """
