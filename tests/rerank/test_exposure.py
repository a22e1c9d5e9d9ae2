"""Exposure floors: met exactly where they can be, at the least cost, and refused with numbers."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from rerank_cases import batches, context_of, gains_fall, ranked

from pyrec.data.groups import Groups
from pyrec.errors import DataError
from pyrec.rerank import ExposureFloor
from pyrec.rerank.base import relevance


def shown_by_group(rows, labels, names):
    shown = labels[rows[rows >= 0]]
    return {name: int(np.sum(shown == name)) for name in names}


def can_be_met(rows, labels, floors, k):
    """Try all choices of all lists."""
    choices = [list(itertools.combinations(row[row >= 0].tolist(), min(k, int(np.sum(row >= 0)))))
               for row in rows]  # fmt: skip
    for chosen in itertools.product(*choices):
        shown = labels[list(itertools.chain(*chosen))]
        if all(np.sum(shown == name) >= floor for name, floor in floors.items()):
            return True
    return False


@given(batch=batches(max_items=6), data=st.data(), k=st.integers(1, 3))
def test_floors_are_met_if_and_only_if_they_can_be(batch, data, k):
    n_items = len(batch.vectors)
    labels = np.array(data.draw(st.lists(st.sampled_from("abc"), min_size=n_items,
                                         max_size=n_items)))  # fmt: skip
    share = {name: data.draw(st.sampled_from([0.2, 0.34, 0.5, 0.9])) for name in set(labels)}
    context = context_of(batch, groups={"seller": Groups.of(labels)})
    places = int(np.minimum(k, np.sum(batch.rows >= 0, axis=1)).sum())
    floors = {name: int(np.ceil(part * places - 1e-9)) for name, part in share.items()}
    try:
        found = ExposureFloor(share=share).rerank(ranked(batch), context, k=k)
    except DataError:
        assert sum(floors.values()) > places or not can_be_met(batch.rows, labels, floors, k)
        return
    shown = shown_by_group(found.rows, labels, floors)
    assert all(shown[name] >= floor for name, floor in floors.items())
    assert np.sum(found.rows >= 0) == places
    gains_fall(found)
    for row, candidates in zip(found.rows, batch.rows, strict=True):
        assert set(row[row >= 0]) <= set(candidates.tolist())
        assert len(set(row[row >= 0])) == np.sum(row >= 0)


def asked_one_by_one(rows, relevance, labels, floors, k):
    """Gale and Shapley 1962, proposal by proposal: which places are held for groups in the end."""
    costs = {(i, j): max(0, relevance[i][min(k, len(row)) - 1] - relevance[i][j])
             for i, row in enumerate(rows) for j in range(len(row))}  # fmt: skip
    of = {(i, j): labels[rows[i][j]] for i, j in costs}
    asks = {name: sorted((cost, *at) for at, cost in costs.items() if of[at] == name)
            for name in floors}  # fmt: skip
    held = {i: [] for i in range(len(rows))}
    lacking = [name for name, floor in floors.items() for _ in range(floor)]
    while lacking:
        name = lacking.pop()
        if not asks[name]:
            return None
        cost, i, j = asks[name].pop(0)
        # Rivals of equal cost keep the order of groups, then of places.
        held[i].append((cost, list(floors).index(name), j, name))
        held[i].sort()
        if len(held[i]) > min(k, len(rows[i])):
            lacking.append(held[i].pop()[3])
    return {(i, j) for i, places in held.items() for _, _, j, _ in places}


@given(batch=batches(max_items=8), data=st.data(), k=st.integers(1, 3))
def test_places_are_those_of_deferred_acceptance(batch, data, k):
    n_items = len(batch.vectors)
    labels = np.array(data.draw(st.lists(st.sampled_from("abc"), min_size=n_items,
                                         max_size=n_items)))  # fmt: skip
    share = data.draw(st.sampled_from([0.1, 0.2, 0.3]))
    step, names = ExposureFloor(share=share), sorted(set(labels.tolist()))
    rows = [row[row >= 0].tolist() for row in batch.rows]
    places = sum(min(k, len(row)) for row in rows)
    floors = {name: int(np.ceil(share * places - 1e-9)) for name in names}
    scaled = relevance(batch.scores)
    expected = asked_one_by_one(rows, scaled, labels, floors, k)
    if expected is None:
        return  # whether they can be met at all is decided by a flow
    context = context_of(batch, groups={"seller": Groups.of(labels)})
    found = step.rerank(ranked(batch), context, k=k).rows
    for i, row in enumerate(rows):
        mine = [j for at, j in sorted(expected) if at == i]
        others = [j for j in range(len(row)) if j not in mine][: min(k, len(row)) - len(mine)]
        assert found[i][found[i] >= 0].tolist() == [row[j] for j in sorted([*mine, *others])]


def test_floors_that_are_met_anyway_change_nothing():
    rows = np.argsort(np.random.default_rng(0).random((40, 30)), axis=1).astype(np.int32)
    scores = np.tile(np.linspace(1, 0, 30, dtype=np.float32), (40, 1))
    context = context_of(n_items=30, groups={"seller": Groups.of(np.arange(30) % 3)})
    found = ExposureFloor(share=0.1).rerank(ranked(rows=rows, scores=scores, n_items=30), context,
                                           k=10)  # fmt: skip
    np.testing.assert_array_equal(found.rows, rows[:, :10])


def test_places_are_taken_where_they_cost_the_least():
    # In both lists "small" is third; in the second it is nearly as good as the second.
    rows, scores = np.array([[0, 1, 2], [0, 1, 2]]), np.array([[9, 8, 1], [9, 3.1, 3]])
    context = context_of(n_items=3, groups={"seller": Groups.of(["big", "big", "small"])})
    candidates = ranked(rows=rows, scores=scores, n_items=3)
    found = ExposureFloor(share={"small": 0.25}).rerank(candidates, context, k=2)
    assert found.rows.tolist() == [[0, 1], [0, 2]]


def test_a_flow_is_found_where_asking_in_order_fails():
    # Group a can go to either list, b to the first only; a asks the first list, which costs less.
    rows, scores = np.array([[0, 1, 2], [0, 3, 4]]), np.array([[3, 2, 1], [3, 2, 1]])
    labels = np.array(["a", "b", "x", "y", "z"])
    context = context_of(n_items=5, groups={"seller": Groups.of(labels)})
    candidates = ranked(rows=rows, scores=scores, n_items=5)
    found = ExposureFloor(share={"a": 0.5, "b": 0.5}).rerank(candidates, context, k=1)
    assert found.rows.tolist() == [[1], [0]]


def test_what_cannot_be_met_is_told_with_numbers():
    rows, scores = np.array([[0, 1, 2]]), np.array([[3, 2, 1]])
    context = context_of(n_items=3, groups={"seller": Groups.of(["a", "a", "b"])})
    candidates = ranked(rows=rows, scores=scores, n_items=3)
    with pytest.raises(DataError, match=r"2 places in all, of which 1 at most .* 'b' lacks 1 of i"):
        ExposureFloor(share={"b": 1.0}).rerank(candidates, context, k=2)
    with pytest.raises(DataError, match="floors of 2 groups add up to 4 places, and there are 2"):
        ExposureFloor(share=0.9).rerank(candidates, context, k=2)
    with pytest.raises(DataError, match="share: 'c' is no group"):
        ExposureFloor(share={"c": 0.5}).rerank(candidates, context, k=2)
