"""ALS iterations: time of ours.

``pytest --benchmark-enable benchmarks/bench_als.py``; beside other libraries:
``python benchmarks/peers.py als``.
"""

import pytest

import data
from pyrec import ALS, Interactions, runtime
from pyrec.models.als_training import Training


@pytest.mark.parametrize("threads", [1, 0], ids=["one-thread", "all-threads"])
@pytest.mark.parametrize("solver", ["cg", "exact"])
@pytest.mark.parametrize("size", ["S", "M"])
def test_iteration(benchmark, size, solver, threads):
    als = ALS(factors=64, solver=solver, regularization=0.05, alpha=10, unobserved_weight=1)
    training = Training(als, Interactions.from_scipy(data.matrix(size)))
    with runtime.threads(threads):
        benchmark(training.iterate)
