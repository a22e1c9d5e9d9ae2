"""Metrics of lists at 20: time of ours.

``pytest --benchmark-enable benchmarks/bench_metrics.py``; beside other libraries:
``python benchmarks/peers.py metrics``.
"""

import numpy as np
import pytest

from pyrec.evaluation.metrics import measure
from races.metrics import METRICS, lists_and_wanted, numpy_metrics


@pytest.mark.parametrize("threads", [1, 0], ids=["one thread", "all threads"])
@pytest.mark.parametrize("users", [1_000, 50_000])
def test_measure(benchmark, users, threads):
    rows, wanted = lists_and_wanted(users)
    found = benchmark(lambda: measure(rows, wanted, METRICS, threads=threads))
    for name, values in numpy_metrics(rows, wanted).items():
        np.testing.assert_allclose(found[name], values, atol=1e-12)
