"""Metrics: pure functions from evidence to one number per user, or one for the whole catalogue.

To add one, write the function and its ``@metric`` line; every door (`pyrec.evaluate`, a
configuration, the command line) then knows its name. The evidence it takes says what it needs
(`pyrec.evaluation.evidence`).

A user for whom a metric means nothing, such as the recall of one who wanted nothing, has NaN and is
left out of its mean.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from pyrec import _kernels
from pyrec.config import suggestion
from pyrec.errors import ConfigError, DataError
from pyrec.evaluation.evidence import Lists, PerUser, Ratings, Scores
from pyrec.evaluation.variety import intra_list_diversity, miscalibration
from pyrec.runtime import resolve_threads

__all__ = ["METRICS", "Metric", "Request", "measure", "metric", "parse"]

# ---- The registry --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Metric:
    """A named function of evidence.

    Parameters
    ----------
    name : str
        What people write, before ``@``.
    function : callable
        Takes the evidence and, where the metric has one, the cut-off `k`.
    evidence : type
        `Lists`, `Scores` or `Ratings`.
    power : float
        The mean over users is a power mean: 2 for a root mean square.
    lower_is_better : bool
        Whether it measures an error.
    aspect : {"relevance", "diversity", "popularity", "coverage", "fairness"}
        What of lists it tells.
    grouped : {"never", "can", "must"}
        Whether it is, can be or must be about groups of items: ``gini:seller@20``.
    """

    name: str
    function: Callable[..., Any]
    evidence: type
    power: float = 1.0
    lower_is_better: bool = False
    aspect: Literal["relevance", "diversity", "popularity", "coverage", "fairness"] = "relevance"
    grouped: Literal["never", "can", "must"] = "never"

    @property
    def has_cutoff(self) -> bool:
        """Whether it is written with a cut-off, as ``recall@20``."""
        return self.evidence is Lists

    @property
    def neutral(self) -> bool:
        """Whether neither more nor less of it is better by itself."""
        return self.aspect != "relevance" and not self.lower_is_better

    @property
    def definition(self) -> str:
        """The first line of the function's docstring."""
        return (self.function.__doc__ or "").partition("\n")[0]


METRICS: dict[str, Metric] = {}


def metric(name: str, evidence: type, **options: Any) -> Callable[[Any], Any]:
    """Register the function as the metric `name`, computed from that kind of evidence.

    Examples
    --------
    >>> @metric("success_at_first", Lists)
    ... def success_at_first(lists, k):
    ...     return (lists.first_hit == 1).astype(float)
    >>> import scipy.sparse as sp
    >>> measure([[0, 1]], sp.csr_array([[1, 0]]), ["success_at_first@2"])
    {'success_at_first@2': array([1.])}
    >>> del METRICS["success_at_first"]
    """

    def register(function: Any) -> Any:
        METRICS[name] = Metric(name, function, evidence, **options)
        return function

    return register


@dataclass(frozen=True)
class Request:
    """A metric at a cut-off, as asked for: ``recall@20``, or ``gini:seller@20`` of groups."""

    metric: Metric
    k: int | None
    by: str | None = None

    @property
    def label(self) -> str:
        """How reports name it."""
        by = "" if self.by is None else f":{self.by}"
        return f"{self.metric.name}{by}" + ("" if self.k is None else f"@{self.k}")

    def of(self, evidence: Any) -> Any:
        """Compute it.

        Raises
        ------
        DataError
            If the evidence lacks what it needs.
        """
        about: list[Any] = [] if self.k is None else [self.k]
        about += [] if self.metric.grouped == "never" else [self.by]
        try:
            return self.metric.function(evidence, *about)
        except DataError as error:
            raise DataError(f"{self.label}: {error}") from None


def parse(metrics: str | Sequence[str], k: int) -> list[Request]:
    """Read names of metrics such as ``"recall@20"``; one without a cut-off gets `k`.

    What is about groups of items names a column of the catalogue: ``"miscalibration:category"``.

    Raises
    ------
    ConfigError
        For a name that is unknown (with the nearest right one), has a wrong cut-off, or groups
        where it has none, or none where it needs them.

    Examples
    --------
    >>> [request.label for request in parse(["ndcg", "recall@50", "auc"], k=10)]
    ['ndcg@10', 'recall@50', 'auc']
    >>> parse(["recal@20"], k=10)
    Traceback (most recent call last):
    ...
    pyrec.errors.ConfigError: metrics: 'recal' is no metric; did you mean 'recall'?
    """
    texts = [metrics] if isinstance(metrics, str) else list(metrics)
    if not texts:
        raise ConfigError("metrics: name at least one; known are " + ", ".join(sorted(METRICS)))
    requests = dict.fromkeys(_parse_one(text, k) for text in texts)
    return list(requests)


def _parse_one(text: str, default_k: int) -> Request:
    named, at, cutoff = str(text).partition("@")
    name, _, column = named.partition(":")
    if name not in METRICS:
        raise ConfigError(f"metrics: {name!r} is no metric{suggestion(name, list(METRICS))}")
    found, by = METRICS[name], column or None
    if by and found.grouped == "never":
        raise ConfigError(f"metrics: {name!r} is not about groups; write it without ':{by}'")
    if not by and found.grouped == "must":
        raise ConfigError(
            f"metrics: {name!r} is about groups of items; name their column, as '{name}:category'"
        )
    if not found.has_cutoff:
        if at:
            raise ConfigError(f"metrics: {name!r} has no cut-off; write it without '@{cutoff}'")
        return Request(found, None)
    if not at:
        return Request(found, default_k, by)
    if not re.fullmatch(r"[1-9][0-9]{0,8}", cutoff):
        raise ConfigError(f"metrics: {text!r}: the cut-off must be a whole number of 1 or more")
    return Request(found, int(cutoff), by)


def measure(
    rows: ArrayLike, relevant: Any, metrics: str | Sequence[str], *, threads: int = 0
) -> dict[str, Any]:
    """Measure ranked lists that anyone made.

    Parameters
    ----------
    rows : int32 (n, k)
        Item rows, best first; a short list ends in -1.
    relevant : scipy sparse (n, n_items)
        What each user turned out to want.
    metrics : str or sequence of str
        Metrics of lists, such as ``"recall@20"``; without a cut-off, the lists' whole length.
    threads : int, default 0
        Number of threads; 0 means the default of the process.

    Returns
    -------
    dict
        Per-user values (n,), or a float for a metric of the whole catalogue, by name.

    Raises
    ------
    ConfigError
        For an unknown metric.
    DataError
        For malformed lists.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> wanted = sp.csr_array([[1, 1, 0, 0], [0, 0, 0, 1]])
    >>> measure([[2, 0], [3, 1]], wanted, ["recall", "mrr", "coverage"])
    {'recall@2': array([0.5, 1. ]), 'mrr@2': array([0.5, 1. ]), 'coverage@2': 1.0}
    """
    length = np.shape(rows)[-1] if np.ndim(rows) else 0
    requests = parse(metrics, length)
    for request in requests:
        if request.metric.evidence is not Lists:
            raise ConfigError(f"metrics: {request.label!r} cannot be computed from lists alone")
    cutoffs = [request.k for request in requests if request.k is not None]
    lists = Lists(rows, relevant, cutoffs=cutoffs, threads=threads)
    return {request.label: request.of(lists) for request in requests}


# ---- Metrics of lists ----------------------------------------------------------------------------


@metric("precision", Lists)
def precision(lists: Lists, k: int) -> PerUser:
    """Hits among the first k, over k."""
    return lists.hits(k) / k


@metric("recall", Lists)
def recall(lists: Lists, k: int) -> PerUser:
    """Hits among the first k, over all relevant items."""
    return lists.hits(k) / lists.n_relevant


@metric("recall_capped", Lists)
def recall_capped(lists: Lists, k: int) -> PerUser:
    """Hits among the first k, over min(k, relevant items): a perfect list has 1."""
    return lists.hits(k) / np.minimum(k, lists.n_relevant)


@metric("f1", Lists)
def f1(lists: Lists, k: int) -> PerUser:
    """Harmonic mean of precision and recall: 2 hits / (k + relevant items)."""
    return 2 * lists.hits(k) / (k + lists.n_relevant)


@metric("ndcg", Lists)
def ndcg(lists: Lists, k: int) -> PerUser:
    """Sum of 1 / log2(position + 1) over the hits, over that of min(k, relevant items) hits on top.

    Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002.
    """
    return lists.gain(k) / lists.ideal_gain(k)


@metric("ndcg_graded", Lists)
def ndcg_graded(lists: Lists, k: int) -> PerUser:
    """NDCG whose gains are the weights of the test pairs (linear, as in trec_eval)."""
    ideal = lists.ideal_gain(k, graded=True)
    gain = lists.gain(k, graded=True)
    return np.divide(gain, ideal, where=ideal > 0, out=np.full_like(gain, np.nan))


@metric("map", Lists)
def mean_average_precision(lists: Lists, k: int) -> PerUser:
    """Sum over the hits of the precision at their position, over min(k, relevant items)."""
    return lists.precision_sum(k) / np.minimum(k, lists.n_relevant)


@metric("mrr", Lists)
def mean_reciprocal_rank(lists: Lists, k: int) -> PerUser:
    """1 / position of the first hit, 0 without a hit among the first k."""
    return np.where(lists.first_hit > k, 0.0, 1 / lists.first_hit)


@metric("hit_rate", Lists)
def hit_rate(lists: Lists, k: int) -> PerUser:
    """1 with a hit among the first k, else 0."""
    return np.minimum(lists.hits(k), 1)


# ---- What lists are beside right -----------------------------------------------------------------


@metric("novelty", Lists, aspect="popularity")
def novelty(lists: Lists, k: int) -> PerUser:
    """Mean of log2(training users / training users of the item) over the first k, in bits.

    An item that nobody had counts as if one user had had it. An empty list has no novelty (NaN).
    Zhou et al., "Solving the apparent diversity-accuracy dilemma", 2010.
    """
    return lists.mean_of_items(np.log2(lists.trained_users / np.maximum(lists.trained_pairs, 1)), k)


@metric("popularity", Lists, aspect="popularity")
def average_popularity(lists: Lists, k: int) -> PerUser:
    """Mean number of training users of the first k items: the popularity bias of a list.

    An empty list has none (NaN). Yin et al., "Challenging the long tail recommendation", 2012.
    """
    return lists.mean_of_items(lists.trained_pairs.astype(np.float64), k)


@metric("ild", Lists, aspect="diversity", grouped="can")
def diversity(lists: Lists, k: int, by: str | None = None) -> PerUser:
    """Mean of 1 - cosine over the pairs of the first k items: intra-list diversity.

    Of their features or, with groups, of what groups they are in: 1 for two of different ones.
    Smyth and McClave, "Similarity vs. diversity", 2001; Ziegler et al., "Improving recommendation
    lists through topic diversification", 2005.
    """
    return intra_list_diversity(lists.rows[:, :k], lists.directions(by))


@metric("miscalibration", Lists, aspect="diversity", lower_is_better=True, grouped="must")
def divergence(lists: Lists, k: int, by: str) -> PerUser:
    """Divergence KL(p, q) of the groups' shares in the first k, q, from those in the history, p.

    A hundredth of p is added to q. Steck, "Calibrated recommendations", 2018, equations 2 and 3.
    """
    return miscalibration(lists.rows[:, :k], lists.histories, lists.groups(by))


@metric("coverage", Lists, aspect="coverage", grouped="can")
def coverage(lists: Lists, k: int, by: str | None = None) -> float:
    """Share of the catalogue, or of all groups, that appears among the first k of any list."""
    shown = lists.exposure(k, by)
    return float(np.count_nonzero(shown) / len(shown)) if len(shown) else float("nan")


@metric("gini", Lists, aspect="fairness", grouped="can")
def gini(lists: Lists, k: int, by: str | None = None) -> float:
    """Gini index of how often each item or group is shown: 0 equally, near 1 only a few."""
    shown = np.sort(lists.exposure(k, by)).astype(np.float64)
    if not shown.any():
        return float("nan")
    n = len(shown)
    ranks = np.arange(1, n + 1)
    return float(2 * np.sum(ranks * shown) / (n * np.sum(shown)) - (n + 1) / n)


@metric("least_exposure", Lists, aspect="fairness", grouped="must")
def least_exposure(lists: Lists, k: int, by: str) -> float:
    """Share of all places among the first k that the group has which is shown least."""
    shown = lists.exposure(k, by)
    places = lists.exposure(k).sum()
    return float(shown.min() / places) if len(shown) and places else float("nan")


# ---- Metrics of scores and ratings ---------------------------------------------------------------


@metric("auc", Scores)
def auc(scores: Scores) -> PerUser:
    """Share of pairs of a relevant and another item in the right order; a tie counts half.

    Over everything that could have been ranked. Hanley and McNeil, "The meaning and use of the
    area under a receiver operating characteristic (ROC) curve", 1982.
    """
    return _kernels.auc(scores.scores, scores.relevant, threads=resolve_threads())


@metric("rmse", Ratings, power=2.0, lower_is_better=True)
def rmse(ratings: Ratings) -> PerUser:
    """Root of the mean squared error of predicted ratings, over all test pairs."""
    mean: PerUser = ratings.mean((ratings.predicted - ratings.actual) ** 2)
    return np.sqrt(mean)


@metric("mae", Ratings, lower_is_better=True)
def mae(ratings: Ratings) -> PerUser:
    """Mean absolute error of predicted ratings, over all test pairs."""
    return ratings.mean(np.abs(ratings.predicted - ratings.actual))
