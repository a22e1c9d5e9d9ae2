"""Exact top-k of inner products, seen items excluded: time of ours.

``pytest --benchmark-enable benchmarks/bench_top_k.py``; beside other libraries:
``python benchmarks/peers.py top-k``.
"""

import numpy as np
import pytest

import data
from pyrec.data.interactions import as_csr
from pyrec.kernels import ItemIndex, top_k


@pytest.mark.parametrize("threads", [1, 0], ids=["one-thread", "all-threads"])
@pytest.mark.parametrize("prepare", [np.asarray, ItemIndex])
@pytest.mark.parametrize("size", ["S", "M"])
def test_top_k(benchmark, size, prepare, threads):
    matrix = data.matrix(size)
    users, items = data.factors(*matrix.shape, 64)
    prepared, exclude = prepare(items), as_csr(matrix)
    benchmark(lambda: top_k(users, prepared, 10, exclude=exclude, threads=threads))


@pytest.mark.parametrize("prepare", [np.asarray, ItemIndex])
def test_one_user(benchmark, prepare):
    users, items = data.factors(1, 100_000, 64)
    prepared = prepare(items)
    benchmark(lambda: top_k(users, prepared, 10))


def test_index(benchmark):
    _, items = data.factors(1, 100_000, 64)
    benchmark(lambda: ItemIndex(items))
