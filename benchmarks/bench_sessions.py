"""Nearest past sessions: time of one request and of many.

``pytest --benchmark-enable benchmarks/bench_sessions.py``
"""

import numpy as np
import pytest

import pyrec


@pytest.fixture(scope="module")
def model():
    """Two hundred thousand sessions of five views each, of 40,000 items, a few of them popular."""
    rng = np.random.default_rng(0)
    items = (40_000 * rng.random(1_000_000) ** 3).astype(np.int64)
    log = pyrec.Events.from_ids(users=np.repeat(np.arange(200_000), 5), items=items)
    return pyrec.SessionKNN(sample=1000).fit(log)


def test_one_request(benchmark, model):
    sessions = iter(np.tile(model.items.ids[np.random.default_rng(1).integers(0, 1000, (500, 5))],
                            (200, 1)).tolist())  # fmt: skip
    found = benchmark(lambda: model.recommend_for(next(sessions), k=20, threads=1))
    assert found.counts > 0


@pytest.mark.parametrize("threads", [1, 0], ids=["one thread", "all threads"])
def test_a_thousand_users(benchmark, model, threads):
    users = model.users.ids[:1000]
    found = benchmark(lambda: model.recommend(users, k=20, threads=threads))
    assert found.rows.shape == (1000, 20)
