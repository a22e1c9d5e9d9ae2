"""Coding of ids of text: time of ours.

``pytest --benchmark-enable benchmarks/bench_reading.py``; a whole log beside other libraries:
``python benchmarks/peers.py reading``.
"""

import numpy as np
import pytest

import pyrec


@pytest.mark.parametrize("length", [9, 40])
def test_coding(benchmark, length):
    rng = np.random.default_rng(0)
    known = np.array([f"{i:0{length}d}" for i in range(50_000)], np.dtypes.StringDType())
    ids = known[rng.integers(0, len(known), 500_000)]
    _, rows = benchmark(lambda: pyrec.Vocabulary.factorize(ids))
    assert rows.max() < len(known)
