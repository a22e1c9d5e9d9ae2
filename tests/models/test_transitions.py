import gzip

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import pyrec
from pyrec.data.sequences import Sequences
from pyrec.preparation.split import LastSplit, split


def slow(sequences, window, distance_decay, source_exponent, target_exponent):
    counts = np.zeros((sequences.item_count, sequences.item_count))
    for begin, end in zip(sequences.offsets[:-1], sequences.offsets[1:], strict=True):
        for i in range(begin, end):
            for j in range(i + 1, min(i + window + 1, end)):
                pair = sequences.item_rows[i], sequences.item_rows[j]
                counts[pair] += sequences.weights[j] * (j - i) ** -distance_decay
    left = np.maximum(counts.sum(axis=1, keepdims=True), 1e-30) ** source_exponent
    return counts / left / np.maximum(counts.sum(axis=0), 1e-30) ** target_exponent


@given(
    strategies.logs(weights=False),
    st.integers(1, 5),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([0.0, 0.3]),
)
def test_counts_of_what_comes_next(log, window, distance_decay, source, target):
    if len(log) == 0:
        return
    model = pyrec.Transitions(
        window=window, distance_decay=distance_decay, source_exponent=source, target_exponent=target
    ).fit(log)
    expected = slow(Sequences.of(log), window, distance_decay, source, target)
    dense = np.zeros_like(expected)
    rows = np.repeat(np.arange(len(dense)), np.diff(model.influence.offsets))
    dense[rows, model.influence.columns] = model.influence.values
    np.testing.assert_allclose(dense, expected, rtol=1e-5)


def test_only_the_greatest_are_kept():
    log = pyrec.Events.from_ids(
        users=[1, 1, 2, 2, 3, 3], items=["tea", "cup", "tea", "cup", "tea", "pot"]
    )
    model = pyrec.Transitions(neighbors=1).fit(log)
    assert model.influence.nnz == 1
    assert model.similar_items("tea", k=2).ids.tolist() == ["cup", None]


def test_an_item_may_follow_itself_but_is_not_similar_to_itself():
    log = pyrec.Events.from_ids(users=[1, 1, 1], items=["tea", "tea", "cup"])
    model = pyrec.Transitions().fit(log)
    again = model.recommend_for(["tea"], k=2, exclude_seen=False)
    assert again.ids.tolist() == ["cup", "tea"]
    assert model.similar_items("tea", k=2).ids.tolist() == ["cup", None]


def test_weights_of_what_comes_next_count():
    log = pyrec.Events.from_ids(
        users=[1, 1, 2, 2], items=["tea", "cup", "tea", "pot"], weights=[9, 1, 9, 5]
    )
    assert pyrec.Transitions().fit(log).recommend_for(["tea"], k=1).ids.tolist() == ["pot"]


def test_a_million_events_take_seconds():
    """Sessions of twenty items of 50,000: ten million transitions."""
    rng = np.random.default_rng(0)
    items = (50_000 * rng.random(1_000_000) ** 3).astype(np.int64)
    log = pyrec.Events.from_ids(users=np.repeat(np.arange(50_000), 20), items=items)
    assert pyrec.Transitions(neighbors=100).fit(log).influence.nnz > 1_000_000


@pytest.mark.real_data
def test_last_items_of_amazon_beauty(real_data):
    """Each user's last item from all before it, all items ranked (as SASRec and others are)."""
    users, items = [], []
    with gzip.open(real_data / "amazon_beauty_seq" / "Beauty.txt.gz", "rt") as lines:
        for line in lines:
            user, *sequence = map(int, line.split())
            users += [user] * len(sequence)
            items += sequence
    cut = split(pyrec.Events.from_ids(users=users, items=items), LastSplit(order="arrival"))
    hit_rate = {
        model.name: pyrec.evaluate(model.fit(cut.train), cut, metrics="hit_rate@10", resamples=0)[
            "hit_rate@10"
        ]
        for model in (pyrec.Transitions(), pyrec.GraphFilter())
    }
    assert hit_rate["transitions"] > 0.095
    assert hit_rate["graph_filter"] < 0.075
