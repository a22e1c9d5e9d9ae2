"""Nearest items by cosine: time of ours.

``pytest --benchmark-enable benchmarks/bench_similarity.py``; beside other libraries:
``python benchmarks/peers.py similarity``.
"""

import pytest

import data
from pyrec.kernels import neighbors


@pytest.mark.parametrize("threads", [1, 0], ids=["one thread", "all threads"])
@pytest.mark.parametrize("size", ["S", "M"])
def test_neighbors(benchmark, size, threads):
    matrix = data.matrix(size)
    found = benchmark(lambda: neighbors(matrix, 100, threads=threads))
    assert found.shape == (matrix.shape[1], matrix.shape[1])
