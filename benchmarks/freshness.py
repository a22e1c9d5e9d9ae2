"""Yesterday's model with the last day in it, beside one that is fitted anew; and folding in.

``PYREC_DATA=... python benchmarks/freshness.py taobao_events online_retail``

Trained on everything before the last day but one (weeks, for `online_retail`), updated by it, and
judged on the last, by purchases that are new to the user. Updates and refits take turns; times are
medians of the rounds. Then one user after the other is folded in on one thread.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import pyrec
from data import folder
from pyrec.workflow.experiment import load
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.steps import Steps

DAY = 86_400_000_000
EXAMPLES = Path(__file__).parent.parent / "examples"
KINDS = {"fav": 1, "cart": 3, "buy": 5}
METRICS = ["ndcg@20", "recall@20"]


def taobao_events():
    """Return the log, its target, the weights of its kinds, and the length of a period."""
    path = folder("taobao_events") / "events.csv.gz"
    columns = {"user": "user", "item": "item", "event": "event", "timestamp": "timestamp"}
    return pyrec.read_events(path, **columns), "buy", KINDS, DAY


def online_retail():
    """Return the same of a shop that logs purchases only: each line counts once."""
    config = RunConfig.from_toml(EXAMPLES / "online_retail.toml")
    return replace(load(config, Steps()), weights=None), None, None, 7 * DAY


LOGS = {"taobao_events": taobao_events, "online_retail": online_retail}


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


def measure(events, target, weights, period, estimator, rounds, back=0):
    """Return the models' NDCG, how they differ, their times and the drift."""
    known, day, test = cut(events, period, back)
    test = test.only(target) if target else test
    before = known.without_unused_ids().aggregate(kind_weights=weights)
    fresh = day.aggregate(kind_weights=weights)
    everything = pyrec.Events.concat([known, day]).without_unused_ids()
    whole = everything.aggregate(kind_weights=weights)
    stale = estimator.fit(before)
    seconds = []
    for _ in range(rounds):
        update, updated = timed(lambda: stale.partial_fit(fresh))
        refit, again = timed(lambda: estimator.fit(whole))
        seconds.append((update, refit))
    judged = {
        name: pyrec.evaluate(model, test, metrics=METRICS, pairs="new")
        for name, model in (("stale", stale), ("updated", updated), ("refit", again))
    }
    return judged, np.array(seconds), updated.drift


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


def told(judged, seconds, drift):
    """Return a row of the table."""
    difference = pyrec.compare(judged["updated"], judged["refit"], metrics="ndcg@20")["ndcg@20"]
    refit, gap = difference.second, difference.difference
    stale = judged["stale"].main.estimates["ndcg@20"].mean
    share = np.median(seconds[:, 0] / seconds[:, 1])
    update, again = np.median(seconds, axis=0)
    low, high = (100 * edge / refit for edge in (gap.low, gap.high))
    return (
        f"{len(judged['refit'].main.users):,} | {stale:.4f} | {difference.first:.4f} | {refit:.4f} "
        f"| {100 * gap.mean / refit:+.1f}% ({low:+.1f} to {high:+.1f}) | {1e3 * update:.0f} ms "
        f"| {1e3 * again:.0f} ms | {share:.1%} | {drift.share:.1%} | {drift.users:.2f} "
        f"| {drift.items:.2f}"
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="+", choices=LOGS)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--periods", type=int, default=1, help="How many last periods to judge on.")
    parser.add_argument("--people", type=int, default=2000)
    asked = parser.parse_args(arguments)
    estimator = pyrec.ALS(factors=asked.factors)
    print("| log | users | NDCG@20 stale | updated | refit | updated less refit (95%) | update "
          "| refit | share of its time | drift: pairs | users | items |\n"
          + "|---" * 12 + "|")  # fmt: skip
    for name in asked.data:
        log = LOGS[name]()
        for back in range(asked.periods):
            print(f"| {name} | {told(*measure(*log, estimator, asked.rounds, back))} |", flush=True)
        events, _, weights, _ = log
        model = estimator.fit(events.aggregate(kind_weights=weights))
        half, tail = np.percentile(fold_in_latency(model, asked.people), [50, 99])
        print(f"\n{name}: folding in one user: median {half:.0f} us, p99 {tail:.0f} us\n")


if __name__ == "__main__":
    main()
