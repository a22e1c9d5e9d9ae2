import numpy as np
import pytest
import scipy.sparse as sp
import strategies
from hypothesis import given
from hypothesis import strategies as st

import pyrec
from pyrec import _kernels
from pyrec.data.columns import owned
from pyrec.data.sequences import Sequences
from pyrec.preparation.split import SessionSplit, split


def slow(model, running):
    """Neighbours and scores of one running session, a dict of weights by item row."""
    options = model.estimator
    sessions = model.sessions
    past = [
        set(sessions.columns[b:e].tolist())
        for b, e in zip(sessions.offsets[:-1], sessions.offsets[1:], strict=True)
    ]
    heaviest = sorted(running.items(), key=lambda entry: (-entry[1], entry[0]))
    looked_at = dict(sorted(heaviest[: options.length]))
    sample = [s for s, items in enumerate(past) if items & set(looked_at)][: options.sample]
    shared = {s: [w for i, w in looked_at.items() if i in past[s]] for s in sample}
    nearest = sorted(sample, key=lambda s: (-np.float32(sum(shared[s])), s))[: options.neighbors]
    scores = np.zeros(sessions.shape[1])
    for s in nearest:
        for item in past[s]:
            having = sum(item in items for items in past)
            rarity = np.log1p(len(past) / having) ** options.rarity
            scores[item] += sum(shared[s]) * max(shared[s]) * rarity
    return sorted(nearest), scores


@given(
    strategies.logs(weights=False),
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(1, 3),
    st.sampled_from([0.0, 1.0]),
)
def test_neighbours_and_scores(log, neighbors, sample, length, rarity):
    if len(log) == 0:
        return
    estimator = pyrec.SessionKNN(
        neighbors=neighbors, sample=sample, length=length, rarity=rarity, recency=1
    )
    model = estimator.fit(log)
    # Powers of two, so that sums are exact in any order.
    rng = np.random.default_rng(len(log))
    dense = rng.choice([0, 0, 0.5, 0.25, 1], (3, len(log.items))).astype(np.float32)
    running = pyrec.Interactions.from_scipy(sp.csr_array(dense)).csr
    nearest = model.nearest(running, 2)
    for row, weights in enumerate(dense):
        expected, scores = slow(model, {i: w for i, w in enumerate(weights) if w})
        begin, end = nearest.offsets[row : row + 2]
        assert nearest.columns[begin:end].tolist() == expected
        found = model.recommend_for(sp.csr_array(dense[[row]]), k=len(scores), exclude_seen=False)
        for item, score in zip(found.rows[0], found.scores[0], strict=True):
            if item >= 0:
                np.testing.assert_allclose(score, scores[item], rtol=1e-5)
        assert found.counts[0] == np.count_nonzero(scores)


def test_sessions_are_numbered_from_the_latest_on():
    log = pyrec.Events.from_ids(users=[1, 2, 3], items=["tea", "cup", "pot"], timestamps=[5, 9, 1])
    model = pyrec.SessionKNN().fit(log)
    assert log.items.decode(model.sessions.columns).tolist() == ["cup", "tea", "pot"]
    assert len(Sequences.of(log)) == 3


def test_threads_and_batches_give_the_same_bits():
    rng = np.random.default_rng(0)
    log = pyrec.Events.from_ids(
        users=rng.integers(0, 300, 3000), items=(60 * rng.random(3000) ** 2).astype(int)
    )
    model = pyrec.SessionKNN(neighbors=20, sample=50).fit(log)
    running = model.interactions.csr
    one = model.nearest(running, 1)
    many = model.nearest(running, 5)
    for part in ("offsets", "columns", "values"):
        np.testing.assert_array_equal(getattr(one, part), getattr(many, part))
    last = model.nearest(running.take(np.array([299], np.int32)), 1)
    np.testing.assert_array_equal(last.values, one.values[one.offsets[299] :])


def test_it_does_not_matter_how_many_sessions_are_asked_for():
    log = pyrec.Events.from_ids(users=[1, 1, 2], items=["tea", "cup", "tea"])
    model = pyrec.SessionKNN(neighbors=10**9, sample=10**9).fit(log)
    assert model.recommend_for(["tea"], k=1).ids.tolist() == ["cup"]
    empty = _kernels.Csr(owned(np.zeros(1, np.int64)), *_nothing(), 2)
    assert model.nearest(empty, 1).shape == (0, 2)


def _nothing():
    return owned(np.empty(0, np.int32)), owned(np.empty(0, np.float32))


@pytest.mark.real_data
def test_next_clicks_of_yoochoose(real_data):
    """The sample of session-rec with its own split; nobody's figure for it is published."""
    folder = real_data / "yoochoose_100k"
    columns = {"user": "SessionId", "item": "ItemId", "timestamp": "Time"}
    train, test = (
        pyrec.read_events(
            folder / f"yoochoose-clicks-100k_{part}.txt.gz",
            **columns,
            timestamp_unit="s",
            delimiter="\t",
        )
        for part in ("train_full", "test")
    )
    cut = split(train, SessionSplit(), test)
    found = {
        model.name: pyrec.evaluate(
            model.fit(cut.train), cut, metrics=["hit_rate@20", "mrr@20"], pairs="all",
            cold_items="drop", resamples=0,
        )
        for model in (
            pyrec.SessionKNN(), pyrec.Transitions(), pyrec.ItemKNN(metric="cosine", shrink=0)
        )
    }  # fmt: skip
    assert found["session_knn"]["hit_rate@20"] > 0.68
    assert found["session_knn"]["mrr@20"] > 0.37
    assert found["transitions"]["hit_rate@20"] > 0.65
    assert found["item_knn"]["hit_rate@20"] < 0.45
