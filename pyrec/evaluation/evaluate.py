"""evaluate: judge a model's lists on what people did afterwards."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from pyrec import runtime
from pyrec.arguments import require
from pyrec.data.bits import Words
from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions, place_of
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.evaluation.cases import Cases, as_interactions
from pyrec.evaluation.evidence import Lists, Ratings
from pyrec.evaluation.protocol import Protocol
from pyrec.evaluation.results import Report
from pyrec.evaluation.trial import Trial
from pyrec.features.table import Features
from pyrec.models.abilities import FoldsIn
from pyrec.models.base import Estimator, Model
from pyrec.models.query import resolve_filter
from pyrec.preparation.split import Split
from pyrec.rerank.context import Context
from pyrec.rules.compiled import CompiledRules

__all__ = ["evaluate"]

_DEFAULT = Protocol()


def evaluate(
    model: Model,
    test: Any,
    *,
    metrics: str | Sequence[str] = _DEFAULT.metrics,
    k: int = 20,
    candidates: Any = None,
    histories: Any = None,
    catalogue: Catalogue | None = None,
    features: Features | None = None,
    rules: CompiledRules | None = None,
    exclude_seen: bool | str | Sequence[str] = True,
    pairs: str | Sequence[str] = ("new", "repeat"),
    cold_users: Literal["skip", "empty", "popular"] = "skip",
    cold_items: Literal["keep", "drop"] = "keep",
    resamples: int = 1000,
    random_state: int = 0,
    threads: int = 0,
) -> Report:
    """Judge a model's lists on test pairs: all users who have any, all items ranked.

    What a user had before can be hidden from their lists, and then no list can hit a test pair that
    repeats it. So test pairs are judged in parts that never mix: ``"new"`` pairs by lists without
    what `exclude_seen` names, and ``"repeat"`` pairs, which are those that it would hide, by lists
    that hide nothing. ``"all"`` judges both together, hiding nothing.

    Parameters
    ----------
    model : Model
        What `Estimator.fit` or `pyrec.load` returned.
    test : Split, Events, Interactions or scipy sparse
        The pairs that happened. A sparse matrix is in the model's rows, everything else is matched
        by ids. A `Split` brings the histories of held-out users along, and perhaps candidates.
    candidates : Vocabulary or array of ids, Interactions, Events or scipy sparse, optional
        The only items that are ranked: ids for everybody, anything else for each user, as a
        protocol with sampled negatives has them. They must contain the test items. A sparse matrix
        is in the model's rows.
    histories : Events, Interactions or scipy sparse, optional
        What users had who were not trained on: their lists come from `recommend_for`.
    catalogue : Catalogue, optional
        Has the columns that metrics of groups name, such as ``"miscalibration:category"``; items
        that it lacks are in no group.
    features : Features, optional
        Of items, by which `ild` tells how unlike each other they are.
    rules : CompiledRules, optional
        What the judged lists obey; test pairs that they forbid count, as misses. "Now" is the
        moment of the split, unless the rules name another. Segments are those of
        `CompiledRules.of_people`. Metrics that judge scores and not lists do not know of rules.
    metrics, k, exclude_seen, pairs, cold_users, cold_items, resamples, random_state
        See `pyrec.evaluation.protocol.Protocol`.
    threads : int, default 0
        Number of threads; 0 means the default of the process.

    Returns
    -------
    Report
        Means with 95% intervals, per-user values, counts, and the protocol in words.

    Raises
    ------
    ConfigError
        For an unknown metric or option.
    DataError
        If the test does not fit the model, is empty, or has nothing left to judge; or rules follow
        the clock, and it is not known when the test was.
    NotSupportedError
        If users with given histories are to be judged and the model cannot recommend for them.
    NumericalError
        If the model scores something as NaN.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> model = pyrec.Popularity().fit(sp.csr_array([[1, 1, 0, 0], [1, 0, 1, 0]]))
    >>> report = pyrec.evaluate(model, sp.csr_array([[0, 0, 1, 0], [1, 1, 0, 0]]), metrics="mrr@2")
    >>> report["mrr@2"]  # both new pairs lead their lists
    1.0
    >>> report.part("repeat")["mrr@2"]
    1.0
    """
    options: dict[str, Any] = dict(
        metrics=metrics, k=k, exclude_seen=exclude_seen, pairs=pairs, cold_users=cold_users,
        cold_items=cold_items, resamples=resamples, random_state=random_state,
    )  # fmt: skip
    protocol = Protocol(**options)
    _require_fitted(model)
    description: dict[str, Any] = {}
    rules = rules and _at_the_test(rules, test)
    if isinstance(test, Split):
        candidates = test.candidates if candidates is None else candidates
        description, histories, test = test.description, test.histories, test.test
    among, allowed = _candidates(candidates, model)
    context = _context(model, protocol, catalogue, features)
    if isinstance(histories, Events | Interactions) and isinstance(model, FoldsIn):
        histories = model.weigh_histories(histories)
    if histories is not None:
        histories = as_interactions(histories, model, "histories")
    with runtime.threads(runtime.resolve_threads(threads)):
        pairs_ = as_interactions(test, model, "test")
        _require_no_dislikes(pairs_, protocol)
        cases = Cases.of(pairs_, model, histories, protocol.exclude_seen)
        trial = Trial(model, protocol, among, allowed, context, rules)
        counts = trial.counts(cases)
        parts = [part for name in protocol.parts if (part := trial.part(name, cases))]
    if not parts:
        told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
        raise DataError(
            f"test: nothing to judge among {'/'.join(protocol.parts)} pairs: {told}; "
            "hold out more, or judge people without a history too (cold_users)"
        )
    return Report(
        model={"name": model.estimator.name, "parameters": model.estimator.get_params()},
        parts=tuple(parts),
        counts=counts,
        protocol=protocol.describe() | {"candidates": candidates is not None, "split": description},
    )


def _candidates(candidates: Any, model: Model) -> tuple[Interactions | None, Words | None]:
    """Return what may be ranked for each user, or for anybody."""
    if candidates is None:
        return None, None
    if isinstance(candidates, Vocabulary | np.ndarray | list | tuple):
        return None, resolve_filter(candidates, None, 0, model.items).allowed
    return as_interactions(candidates, model, "candidates"), None


def _context(
    model: Model, protocol: Protocol, catalogue: Catalogue | None, features: Features | None
) -> Context | None:
    """Return what metrics look at beside hits: the groups that they name, and features."""
    if catalogue is None and features is None:
        return None
    groups = {}
    if catalogue is not None:
        require(catalogue, Catalogue, "catalogue", "pyrec.read_items reads one")
        columns = dict.fromkeys(one.by for one in protocol.about(Lists) if one.by is not None)
        groups = dict(Context.of(model, catalogue, groups=list(columns)).groups)
    if features is not None:
        require(features, Features, "features")
    vectors = None if features is None else features.aligned(model.items).matrix
    return Context(model.interactions, vectors, groups)


def _at_the_test(rules: CompiledRules, test: Any) -> CompiledRules:
    """Return the rules as they were when the test began."""
    require(rules, CompiledRules, "rules", "Rules(...).compile(catalogue, model.items) makes them")
    if not rules.follows_clock:
        return rules
    moment = test.moment if isinstance(test, Split) else None
    if moment is None:
        raise DataError(
            "rules: follow the clock, and the test does not say when it was; fix the moment by "
            "rules.at(moment)"
        )
    return rules.at(moment)


def _require_fitted(model: Any) -> None:
    if isinstance(model, Estimator):
        model.recommend()  # raises, saying how to get a model
    if not isinstance(model, Model):
        raise DataError(
            f"model: must be a fitted one, from fit(...) or pyrec.load, not {type(model).__name__}"
        )


def _require_no_dislikes(test: Interactions, protocol: Protocol) -> None:
    """Raise if a list would be praised for what its user dislikes."""
    if all(request.metric.evidence is Ratings for request in protocol.requests):
        return
    negative = test.csr.values < 0
    if np.any(negative):
        at = int(np.argmax(negative))
        user, item = place_of(test.csr, at)
        raise DataError(
            f"test: user {test.users.decode(user)!r} has item "
            f"{test.items.decode(item)!r} with the weight "
            f"{test.csr.values[at]:g}; lists are judged on what people want, so leave those out"
        )
