"""Splits and metrics, with the definitions of implicit; `pyrec.evaluation` has the field's own."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec.compat.implicit.utils import check_random_state, tracked
from pyrec.data.interactions import as_csr
from pyrec.errors import DataError
from pyrec.evaluation.evidence import Lists
from pyrec.models.query import checked_k

__all__ = [
    "AUC_at_k",
    "leave_k_out_split",
    "mean_average_precision_at_k",
    "ndcg_at_k",
    "precision_at_k",
    "ranking_metrics_at_k",
    "train_test_split",
]

# Users whose lists are made and judged at a time.
_BATCH = 1000


def train_test_split(
    ratings: Any, train_percentage: float = 0.8, random_state: Any = None
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Deal entries out to a training and a test matrix, each by itself.

    The same seed gives the same split as in implicit.

    Parameters
    ----------
    ratings : sparse (n_users, n_items)
        What to split.
    train_percentage : float, default 0.8
        The share, from 0 to 1, that is for training.
    random_state : int, Generator, RandomState or None
        A seed; None draws one.

    Returns
    -------
    train, test : csr_matrix
        Of the same shape. Negative entries do not appear in the test matrix.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> train, test = train_test_split(sp.csr_matrix([[1, 1, 1], [1, 1, 1]]), 0.5, random_state=1)
    >>> train.nnz + test.nnz
    6
    """
    entries = ratings.tocoo()
    learnt = check_random_state(random_state).random(entries.nnz) < train_percentage
    return _part(entries, learnt), _part(entries, ~learnt & (entries.data > 0))


def leave_k_out_split(
    ratings: Any, K: int = 1, train_only_size: float = 0.0, random_state: Any = None
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Put `K` random entries of each user with more than ``K + 1`` into a test matrix.

    Parameters
    ----------
    ratings : sparse (n_users, n_items)
        What to split.
    K : int, default 1
        How many are left out, at least 1.
    train_only_size : float, default 0
        The share of users, below 1, of whom nothing is left out.
    random_state : int, Generator, RandomState or None
        A seed; None draws one.

    Returns
    -------
    train, test : csr_matrix
        Of the same shape; they sum to `ratings`.

    Raises
    ------
    DataError
        If `K` or `train_only_size` is out of range.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> train, test = leave_k_out_split(sp.csr_matrix([[1, 1, 1], [1, 0, 0]]), random_state=1)
    >>> test.nnz, test[1].nnz
    (1, 0)
    """
    if K < 1:
        raise DataError(f"K: must be 1 or more, not {K!r}")
    if not 0 <= train_only_size < 1:
        raise DataError(f"train_only_size: must be at least 0 and below 1, not {train_only_size!r}")
    entries, random = ratings.tocoo(), check_random_state(random_state)
    counts = np.bincount(entries.row, minlength=entries.shape[0])
    judged = counts > K + 1
    if train_only_size > 0:
        users = np.flatnonzero(counts)
        n = max(1, int(len(users) * train_only_size))
        judged[random.choice(users, n, replace=False)] = False
    # Users in order, the entries of each shuffled: the first K of each are left out.
    order = np.lexsort((random.random(entries.nnz), entries.row))
    place = np.empty(entries.nnz, np.int64)
    place[order] = np.arange(entries.nnz) - np.repeat(np.cumsum(counts) - counts, counts)
    left_out = judged[entries.row] & (place < K)
    return _part(entries, ~left_out), _part(entries, left_out)


def _part(entries: sp.coo_matrix, keep: NDArray[np.bool_]) -> sp.csr_matrix:
    places = (entries.row[keep], entries.col[keep])
    return sp.csr_matrix((entries.data[keep], places), shape=entries.shape)


def ranking_metrics_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> dict[str, float]:
    """Judge a model's lists of length `K` by what users turned out to want.

    Parameters
    ----------
    model : RecommenderBase
        A fitted model.
    train_user_items : csr_matrix (n_users, n_items)
        What it was trained on.
    test_user_items : csr_matrix (n_users, n_items)
        What each user wanted; users without anything are left out.
    K : int, default 10
        Length of the lists.
    show_progress : bool, default True
        Draw a bar, if tqdm is installed.
    num_threads : int, default 1
        Threads that judge; the model uses its own number.

    Returns
    -------
    dict
        - ``"precision"``: hits of all users over the sum of min(K, relevant items). This is not
          precision, whose denominator is `K`.
        - ``"map"``: the mean of the sum over hits of the precision at their position, over
          min(K, relevant items).
        - ``"ndcg"``: mean normalised discounted cumulative gain.
        - ``"auc"``: the mean share of pairs of a relevant and another item in the right order;
          behind the end of a list they count half.

        All are NaN where nobody wanted anything.

    Raises
    ------
    DataError
        If matrices do not fit, or lists are malformed.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from pyrec.compat.implicit.nearest_neighbours import CosineRecommender
    >>> train = sp.csr_matrix([[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]])
    >>> test = sp.csr_matrix([[0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]])
    >>> model = CosineRecommender()
    >>> model.fit(train, show_progress=False)
    >>> ranking_metrics_at_k(model, train, test, K=1, show_progress=False)["precision"]
    1.0
    """
    if train_user_items.shape != test_user_items.shape:
        raise DataError(
            f"test_user_items: is {test_user_items.shape} and train_user_items "
            f"{train_user_items.shape}; they must be equal"
        )
    K, train, wanted = checked_k(K), train_user_items.tocsr(), as_csr(test_user_items)
    judged = np.flatnonzero(np.diff(wanted.offsets)).astype(np.int32)
    sums = np.zeros(6)
    for begin in tracked(range(0, len(judged), _BATCH), show_progress):
        users = judged[begin : begin + _BATCH]
        ids, _ = model.recommend(users, train[users], N=K)
        lists = Lists(ids, wanted.take(users), cutoffs=range(1, K + 1), threads=num_threads)
        sums += _sums(lists, K)
    with np.errstate(invalid="ignore"):
        means = (sums[:4] / sums[[4, 5, 5, 5]]).tolist()
    return dict(zip(("precision", "map", "ndcg", "auc"), means, strict=True))


def _sums(lists: Lists, K: int) -> NDArray[np.float64]:
    """Return sums over users: hits, three metrics, the most hits there could be, users."""
    relevant = lists.n_relevant
    possible = np.minimum(K, relevant)
    hits = np.stack([lists.hits(k) for k in range(1, K + 1)], axis=1)
    shown = lists.rows[:, :K] >= 0
    missed = shown & (np.diff(hits, axis=1, prepend=0) == 0)
    others = lists.n_items - relevant
    ordered = (hits * missed).sum(axis=1)
    ordered += (hits[:, -1] + relevant) / 2 * (others - missed.sum(axis=1))
    pairs = relevant * others
    auc = np.divide(ordered, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
    return np.array(
        [
            hits[:, -1].sum(),
            (lists.precision_sum(K) / possible).sum(),
            (lists.gain(K) / lists.ideal_gain(K)).sum(),
            auc.sum(),
            possible.sum(),
            len(relevant),
        ]
    )


def precision_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> float:
    """Return ``"precision"`` of `ranking_metrics_at_k`."""
    arguments = (model, train_user_items, test_user_items, K, show_progress, num_threads)
    return ranking_metrics_at_k(*arguments)["precision"]


def mean_average_precision_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> float:
    """Return ``"map"`` of `ranking_metrics_at_k`."""
    arguments = (model, train_user_items, test_user_items, K, show_progress, num_threads)
    return ranking_metrics_at_k(*arguments)["map"]


def ndcg_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> float:
    """Return ``"ndcg"`` of `ranking_metrics_at_k`."""
    arguments = (model, train_user_items, test_user_items, K, show_progress, num_threads)
    return ranking_metrics_at_k(*arguments)["ndcg"]


def AUC_at_k(
    model: Any,
    train_user_items: Any,
    test_user_items: Any,
    K: int = 10,
    show_progress: bool = True,
    num_threads: int = 1,
) -> float:
    """Return ``"auc"`` of `ranking_metrics_at_k`."""
    arguments = (model, train_user_items, test_user_items, K, show_progress, num_threads)
    return ranking_metrics_at_k(*arguments)["auc"]
