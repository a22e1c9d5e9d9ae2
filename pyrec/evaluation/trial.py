"""Trial: one model under one protocol; makes the lists and scores that metrics judge."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.bits import Words, bits_at, unpack
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions, entry_rows, found_in, select
from pyrec.data.ranking import Ranking
from pyrec.errors import NotSupportedError, NumericalError
from pyrec.evaluation.cases import Cases, rows_for
from pyrec.evaluation.estimates import Estimate, Values, estimates
from pyrec.evaluation.evidence import Lists, Ratings, Scores
from pyrec.evaluation.metrics import Request
from pyrec.evaluation.protocol import Protocol
from pyrec.evaluation.results import Part
from pyrec.models.abilities import FoldsIn, require
from pyrec.models.base import Lists as Ranked
from pyrec.models.base import Model
from pyrec.models.query import Filter
from pyrec.models.ruled import ranked
from pyrec.rerank import RerankedModel
from pyrec.rerank.context import Context
from pyrec.rules.compiled import CompiledRules

__all__ = ["Trial"]

# Metrics that need the score of every item hold those of so many pairs at a time.
_PAIRS_AT_ONCE = 1 << 22


class Trial:
    """Judges a model on held-out pairs, part by part.

    Parameters
    ----------
    model : Model
        The model.
    protocol : Protocol
        How it is judged.
    candidates : Interactions, optional
        The only items that are ranked for each user.
    allowed : uint64 (n_items / 64 rounded up,), optional
        1 for the items that are ranked for anybody.
    context : Context, optional
        Groups and features of the model's items, for metrics that need them.
    rules : CompiledRules, optional
        What the lists obey.
    """

    def __init__(
        self,
        model: Model,
        protocol: Protocol,
        candidates: Interactions | None = None,
        allowed: Words | None = None,
        context: Context | None = None,
        rules: CompiledRules | None = None,
    ) -> None:
        self.model = model
        self.protocol = protocol
        self.candidates = candidates
        self.allowed = allowed
        self.context = context
        self.rules = rules
        trained = model.interactions.csr
        self.popularity = np.bincount(trained.columns, minlength=len(model.items))
        self.n_users = int(np.count_nonzero(np.diff(trained.offsets)))

    def part(self, name: str, cases: Cases) -> Part | None:
        """Judge one part of the pairs; None if it has none."""
        repeats = cases.repeats
        pairs = {"new": ~repeats, "repeat": repeats, "all": np.ones_like(repeats)}[name]
        if self.protocol.cold_items == "drop":
            pairs = pairs & ~self._of_cold_items(cases)
        users = np.ones(len(cases), dtype=bool)
        if self.protocol.cold_users == "skip":
            users = ~cases.cold
        chosen = cases.only(pairs, users)
        if len(chosen) == 0:
            return None
        return self._judged(name, chosen)

    def counts(self, cases: Cases) -> dict[str, int]:
        """Count what the test holds."""
        sizes = np.diff(cases.relevant.offsets)
        counts = {
            "users": len(cases),
            "pairs": cases.relevant.nnz,
            "repeated_pairs": int(np.count_nonzero(cases.repeats)),
            "cold_users": int(np.count_nonzero(cases.cold)),
            "pairs_of_cold_users": int(sizes[cases.cold].sum()),
            "pairs_of_cold_items": int(np.count_nonzero(self._of_cold_items(cases))),
        }
        if np.any(cases.folded):
            counts["users_with_given_histories"] = int(np.count_nonzero(cases.folded))
        if self.candidates is not None:
            candidates = rows_for(self.candidates, cases.users, self.model.items)
            among = found_in(candidates, cases.relevant)
            counts["pairs_outside_candidates"] = int(np.count_nonzero(~among))
        if self.allowed is not None:
            allowed = np.zeros(cases.relevant.shape[1], bool)
            allowed[: len(self.model.items)] = unpack(self.allowed, len(self.model.items))
            outside = np.count_nonzero(~allowed[cases.relevant.columns])
            counts["pairs_outside_candidates"] = int(outside)
        if self.rules is not None:
            counts["pairs_that_rules_forbid"] = self._forbidden(cases, self.rules)
        return counts

    def _forbidden(self, cases: Cases, rules: CompiledRules) -> int:
        """Count the test pairs whose item may not appear in the list of their user."""
        relevant, n_items = cases.relevant, len(self.model.items)
        columns, names = relevant.columns, rules.asked_by(cases.users).chosen
        forbidden = np.zeros(len(columns), np.bool_)
        known = columns < n_items
        for name, words in [(None, rules.allowed), *rules.segments.items()]:
            if words is None:
                continue
            of = np.ones(len(cases), np.bool_)
            if name is not None:
                of = np.array([one == name for one in names or ()], np.bool_)
            at = known & np.repeat(of, np.diff(relevant.offsets))
            forbidden[at] |= ~bits_at(words, columns[at])
        return int(np.count_nonzero(forbidden))

    def _of_cold_items(self, cases: Cases) -> NDArray[np.bool_]:
        columns = cases.relevant.columns
        known = np.zeros(cases.relevant.shape[1], dtype=bool)
        known[: len(self.popularity)] = self.popularity > 0
        return ~known[columns]

    def _judged(self, name: str, chosen: Cases) -> Part:
        results: dict[str, Any] = {}
        shown = None
        hidden = chosen.hidden if self.protocol.hides(name) else None
        filter_ = Filter(hidden, self.allowed)
        if self.candidates is not None:
            among = rows_for(self.candidates, chosen.users, self.model.items)
            filter_ = Filter(filter_.exclude, None, among)
        if requests := self.protocol.about(Lists):
            lists = self._lists(requests, chosen, filter_)
            results |= _of_lists(requests, lists)
            shown = lists.exposure(lists.cutoffs[-1])
        if requests := self.protocol.about(Scores):
            results |= self._by_scores(requests, chosen, filter_)
        if requests := self.protocol.about(Ratings):
            results |= self._by_ratings(requests, chosen)
        values = {label: one for label, one in results.items() if isinstance(one, Values)}
        found = estimates(values, self.protocol.resamples, self.protocol.random_state)
        found |= {label: Estimate(one) for label, one in results.items() if label not in values}
        ordered = {request.label: found[request.label] for request in self.protocol.requests}
        return Part(
            name,
            self.protocol.title(name),
            chosen.users,
            np.diff(chosen.relevant.offsets),
            np.diff(chosen.history.offsets),
            values,
            ordered,
            shown,
        )

    # ---- lists -----------------------------------------------------------------------------------

    def _lists(self, requests: list[Request], chosen: Cases, filter_: Filter) -> Lists:
        cutoffs = [request.k for request in requests if request.k is not None]
        return Lists(
            self.rank(chosen, filter_, min(max(cutoffs), len(self.model.items))),
            chosen.relevant,
            cutoffs=cutoffs,
            n_items=len(self.model.items),
            popularity=self.popularity,
            n_users=self.n_users,
            context=self.context,
            histories=chosen.history,
        )

    def rank(self, chosen: Cases, filter_: Filter, k: int) -> NDArray[np.int32]:
        """Return the rows (n, k) of every user's list, whether trained on, folded in or cold."""
        rules = self.rules and self.rules.asked_by(chosen.users)
        hidden, filter_ = filter_.exclude, replace(filter_, exclude=None)
        whole = self.model if isinstance(self.model, RerankedModel) else None
        model = whole.model if whole else self.model

        def rank(at: NDArray[np.int32], k: int, filter_: Filter) -> Ranked:
            # What was had before is not forbidden: pins and repeatable goods appear all the same.
            if hidden is not None:
                filter_ = filter_.hiding(hidden.take(at))
            return self._ranked(model, chosen, at, k, filter_)

        width = max(k, whole.candidates) if whole else k
        rows, scores = ranked(rules, rank, model.items, len(chosen), width, filter_, 0)
        if whole is None:
            return rows
        candidates = Ranking(rows, scores, model.items, chosen.users)
        return whole.reranked(candidates, k, rules=rules).rows

    def _ranked(
        self, model: Model, chosen: Cases, at: NDArray[np.int32], k: int, filter_: Filter
    ) -> Ranked:
        """Return lists of some of the users, each by the way that is right for it."""
        rows = np.full((len(at), k), -1, np.int32)
        scores = np.full((len(at), k), -np.inf, np.float32)
        user_rows, folded = chosen.user_rows[at], chosen.folded[at]
        trained = ~folded & (user_rows >= 0)
        if model.personal:
            trained &= ~chosen.cold[at]
        if len(some := np.flatnonzero(trained).astype(np.int32)):
            rows[some], scores[some] = model.recommend_rows(
                user_rows[some], k, exclude_seen=False, filter_=filter_.take(some)
            )
        if len(some := np.flatnonzero(folded).astype(np.int32)):
            able = require(model, FoldsIn, "recommend for users who were not trained on")  # type: ignore[type-abstract]
            rows[some], scores[some] = able.recommend_for_rows(
                chosen.history.take(at[some]), k, exclude_seen=False, filter_=filter_.take(some)
            )
        if len(some := np.flatnonzero(~trained & ~folded).astype(np.int32)):
            unknown = "popular" if self.protocol.cold_users == "popular" else "empty"
            rows[some], scores[some] = model._lists(
                user_rows[some], k, filter_.take(some), unknown, exclude_seen=False
            )
        self._require_numbers(scores, chosen.users[at], rows)
        return rows, scores

    # ---- scores and ratings ----------------------------------------------------------------------

    def _by_scores(self, requests: list[Request], chosen: Cases, filter_: Filter) -> dict[str, Any]:
        self._require_trained(requests, chosen)
        values = {request.label: np.full(len(chosen), np.nan) for request in requests}
        trained = np.flatnonzero(~chosen.cold).astype(np.int32)
        size = max(1, _PAIRS_AT_ONCE // len(self.model.items))
        for at in np.array_split(trained, np.arange(size, len(trained), size)):
            pool = self._pool(filter_.take(at), len(at))
            scores = owned(self._scores(chosen, at, pool))
            scored = Csr(pool.offsets, pool.columns, scores, pool.shape[1])
            evidence = Scores(scored, chosen.relevant.take(at))
            for request in requests:
                values[request.label][at] = request.of(evidence)
        return {label: Values(found) for label, found in values.items()}

    def _by_ratings(self, requests: list[Request], chosen: Cases) -> dict[str, Any]:
        self._require_trained(requests, chosen)
        cold = np.repeat(chosen.cold, np.diff(chosen.relevant.offsets))
        rated = select(chosen.relevant, ~cold & ~self._of_cold_items(chosen))
        everyone = np.arange(len(chosen), dtype=np.int32)
        evidence = Ratings(
            self._scores(chosen, everyone, rated).astype(np.float64),
            rated.values.astype(np.float64),
            rated.offsets,
        )
        return {
            request.label: Values(request.of(evidence), evidence.counts, request.metric.power)
            for request in requests
        }

    def _pool(self, filter_: Filter, n: int) -> Csr:
        """Return the pattern of everything that may be ranked for each of `n` users."""
        if filter_.candidates is not None:
            return filter_.remaining_candidates()
        n_items = len(self.model.items)
        ranked = np.ones((n, n_items), dtype=bool)
        if filter_.allowed is not None:
            ranked[:, ~unpack(filter_.allowed, n_items)] = False
        if filter_.exclude is not None:
            users = entry_rows(filter_.exclude)
            ranked[users, filter_.exclude.columns] = False
        columns = np.broadcast_to(np.arange(n_items, dtype=np.int32), ranked.shape)[ranked]
        offsets = np.append(0, np.cumsum(ranked.sum(axis=1)))
        ones = np.ones(len(columns), dtype=np.float32)
        return Csr(owned(offsets), owned(columns), owned(ones), n_items)

    def _scores(self, chosen: Cases, at: NDArray[np.int32], pool: Csr) -> NDArray[np.float32]:
        """Score the pairs of a pool, whose rows are those of trained users or empty."""
        sizes = np.diff(pool.offsets)
        scores = self.model._score(np.repeat(chosen.user_rows[at], sizes), pool.columns)
        if np.any(np.isnan(scores)):
            self._require_numbers(scores, chosen.users[np.repeat(at, sizes)], pool.columns)
        return scores

    def _require_trained(self, requests: list[Request], chosen: Cases) -> None:
        if np.any(chosen.folded):
            raise NotSupportedError(
                f"metrics: {requests[0].label!r} needs the scores of single pairs, which users "
                "with given histories do not have; leave it out"
            )

    def _require_numbers(
        self, scores: NDArray[np.float32], users: NDArray[Any], rows: NDArray[np.int32]
    ) -> None:
        if not np.any(np.isnan(scores)):
            return
        at = tuple(np.argwhere(np.isnan(scores))[0])
        raise NumericalError(
            f"{self.model.estimator.name}: scores item {self.model.items.decode(rows[at])!r} for "
            f"user {users[at[0] :].tolist()[0]!r} as NaN; the model cannot be judged"
        )


def _of_lists(requests: list[Request], lists: Lists) -> dict[str, Any]:
    results = {request.label: request.of(lists) for request in requests}
    return {
        label: result if np.ndim(result) == 0 else Values(result)
        for label, result in results.items()
    }
