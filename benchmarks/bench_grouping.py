"""Merging a log of events into weighted pairs: time of ours.

``pytest --benchmark-enable benchmarks/bench_grouping.py``; beside other libraries:
``python benchmarks/peers.py grouping``.
"""

import pytest

import pyrec
from races import grouping


@pytest.mark.parametrize("threads", [1, 0], ids=["one thread", "all threads"])
@pytest.mark.parametrize("events", [100_000, 1_000_000])
def test_aggregate(benchmark, events, threads):
    log = grouping.as_events(grouping.columns(events))
    with pyrec.threads(threads):
        benchmark(lambda: log.aggregate("sum", grouping.FACTORS))
