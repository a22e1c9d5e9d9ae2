"""Yesterday's model with the last day in it, beside one that is fitted anew; and folding in.

``PYREC_DATA=... python benchmarks/freshness.py taobao_events online_retail``

Trained on everything before the last day but one (weeks, for `online_retail`), updated by it, and
judged on the last, by purchases that are new to the user. Two fits that differ by nothing but their
seeds differ by more than an update may: so all is done again with several seeds, and on several
last days; intervals are of the users, drawn anew. Updates and refits take turns, and both begin
with the log. Then one user after the other is folded in on one thread.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import pyrec
from data import folder
from pyrec.evaluation.estimates import bootstrap, interval
from pyrec.workflow.experiment import load
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.steps import Steps

DAY = 86_400_000_000
EXAMPLES = Path(__file__).parent.parent / "examples"
KINDS = {"fav": 1, "cart": 3, "buy": 5}
METRIC = "ndcg@20"
PASSES = 5  # of a fit that starts from the stale model


def taobao_events():
    """Return the log, its target, the weights of its kinds, and the length of a period."""
    path = folder("taobao_events") / "events.csv.gz"
    columns = {"user": "user", "item": "item", "event": "event", "timestamp": "timestamp"}
    return pyrec.read_events(path, **columns), "buy", KINDS, DAY


def online_retail():
    """Return the same of a shop that logs purchases only: each line counts once."""
    config = RunConfig.from_toml(EXAMPLES / "online_retail.toml")
    return replace(load(config, Steps()), weights=None), None, None, 7 * DAY


def simulated():
    """Return the same of a shop of which a day is less than a hundredth."""
    log = pyrec.simulate_shop(users=100_000, items=20_000, days=120).events
    return log, "purchase", {"view": 1, "addtocart": 3, "purchase": 5, "return": 0}, DAY


LOGS = {
    "taobao_events": taobao_events, "online_retail": online_retail, "simulated": simulated,
}  # fmt: skip


def cut(events, period, back=0):
    """Return three logs: what is known, the period before the last, and the last."""
    end = events.timestamps.max() + 1 - back * period
    starts = [end - 2 * period, end - period, end]
    number = np.searchsorted(starts, events.timestamps, side="right")
    return [events.take(number == part) for part in range(3)]


def timed(work):
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def measure(log, estimator, seeds, back=0):
    """Return a `trial` for each seed, on the last periods but `back`."""
    events, target, weights, period = log
    known, day, test = cut(events, period, back)
    test = test.only(target) if target else test
    merged = lambda some: some.aggregate(kind_weights=weights)  # noqa: E731
    return [
        trial(estimator.replace(random_state=seed), known.without_unused_ids(), day, test, merged)
        for seed in range(seeds)
    ]


def trial(estimator, known, day, test, merged):
    """Return how the models were judged, the seconds that each took, and the drift."""
    both = pyrec.Events.concat([known, day]).without_unused_ids()
    stale = estimator.fit(merged(known))
    works = {
        "updated": lambda: stale.partial_fit(merged(day)),
        "warm": lambda: estimator.replace(iterations=PASSES).fit(merged(both), init=stale),
        "refit": lambda: estimator.fit(merged(both)),
    }
    done = {name: timed(work) for name, work in works.items()}
    models = {"stale": stale} | {name: model for name, (_, model) in done.items()}
    judged = {
        name: pyrec.evaluate(model, test, metrics=METRIC, pairs="new", resamples=0).main
        for name, model in models.items()
    }
    return judged, {name: took for name, (took, _) in done.items()}, models["updated"].drift


def gap(pairs):
    """Return by how many percent the first of each two is better, and the interval of that."""
    ids, ours, theirs = [], [], []
    for first, second in pairs:
        # What is new to the user differs by what a model knows, and by that who is judged.
        shared, at, of = np.intersect1d(first.users, second.users, return_indices=True)
        ids.append(shared)
        ours.append(first.values[METRIC].values[at])
        theirs.append(second.values[METRIC].values[of])
    users = pyrec.Vocabulary.factorize(np.concatenate(ids))[1]
    sums = [np.bincount(users, np.concatenate(values)) for values in (ours, theirs)]
    drawn = bootstrap(sums, 2000, 0)
    mean = 100 * (sums[0].sum() / sums[1].sum() - 1)
    return mean, *interval(100 * (drawn[:, 0] / drawn[:, 1] - 1))


def fold_in_latency(model, people, rounds=5):
    """Return microseconds of folding in one user at a time, on one thread."""
    csr = model.interactions.csr
    histories = [csr.take(np.array([row], np.int32)) for row in range(min(people, csr.shape[0]))]
    model.fold_in(histories[0], threads=1)
    found = []
    with pyrec.threads(1):
        for _ in range(rounds):
            for history in histories:
                found.append(timed(lambda: model.fold_in(history, threads=1))[0])  # noqa: B023
    return 1e6 * np.array(found)


def told(periods):
    """Return a row of the table, of what `measure` found for each period."""
    trials = [trial for period in periods for trial in period]
    pairs = lambda name: [(judged[name], judged["refit"]) for judged, _, _ in trials]  # noqa: E731
    seeds = [trial[0]["refit"] for trial in periods[0]]
    gaps = [gap(pairs(name)) for name in ("stale", "updated", "warm")]
    gaps.append(gap([(seeds[1], seeds[0])]))
    times = {name: np.median([took[name] for _, took, _ in trials]) for name in trials[0][1]}
    drift = trials[0][2]
    cells = [
        f"{len(periods)} x {len(seeds)}",
        f"{len(seeds[0].users):,}",
        f"{np.mean([judged['refit'][METRIC] for judged, _, _ in trials]):.4f}",
        *("{:+.1f}% ({:+.1f} to {:+.1f})".format(*one) for one in gaps),
        *(f"{1e3 * took:.0f} ms" for took in times.values()),
        f"{times['updated'] / times['refit']:.1%}",
        f"{drift.share:.1%}",
        f"{drift.users:.2f}",
        f"{drift.items:.2f}",
    ]
    return " | ".join(cells)


HEADER = (
    "log", "periods x seeds", "users", "NDCG@20 of a refit", "stale against it", "updated",
    f"{PASSES} passes from stale", "a refit with another seed, once", "update", f"{PASSES} passes",
    "refit", "update / refit", "drift: pairs", "users", "items",
)  # fmt: skip


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="+", choices=LOGS)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=2, help="How many; at least 2.")
    parser.add_argument("--periods", type=int, default=1, help="How many last periods to judge on.")
    parser.add_argument("--people", type=int, default=2000)
    asked = parser.parse_args(arguments)
    estimator = pyrec.ALS(factors=asked.factors)
    print(f"| {' | '.join(HEADER)} |\n{'|---' * len(HEADER)}|")
    for name in asked.data:
        log = LOGS[name]()
        found = [measure(log, estimator, asked.seeds, back) for back in range(asked.periods)]
        print(f"| {name} | {told(found)} |", flush=True)
        events, _, weights, _ = log
        model = estimator.fit(events.aggregate(kind_weights=weights))
        half, tail = np.percentile(fold_in_latency(model, asked.people), [50, 99])
        print(f"\n{name}: folding in one user: median {half:.0f} us, p99 {tail:.0f} us\n")


if __name__ == "__main__":
    main()
