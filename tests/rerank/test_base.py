"""What every re-ranker checks, and how scores are made comparable."""

import numpy as np
import pytest
from rerank_cases import context_of, ranked

from pyrec.errors import DataError
from pyrec.rerank import (
    DPP,
    MMR,
    Calibration,
    Exploration,
    ExposureFloor,
    Freshness,
    PopularityControl,
)
from pyrec.rerank.base import relevance


def test_relevance_is_between_0_and_1():
    scores = np.array([[3e38, 0, -3e38], [2, 2, 2], [5, -np.inf, -np.inf], [-np.inf] * 3],
                      np.float32)  # fmt: skip
    expected = [[1, 0.5, 0], [1, 1, 1], [1, -np.inf, -np.inf], [-np.inf] * 3]
    np.testing.assert_array_equal(relevance(scores), np.array(expected, np.float32))


@pytest.mark.parametrize(
    ("rows", "scores", "message"),
    [
        ([[0, 0]], [[2, 1]], "twice|repeat|more than once|again"),
        ([[0, 9]], [[2, 1]], "9"),
        ([[0, 1]], [[1, 2]], "list 0 is not in order"),
        ([[0, 1]], [[np.nan, 1]], "list 0 has a score that is no finite number"),
        ([[0, 1]], [[1, 2, 3]], "have rows"),
    ],
)
def test_malformed_lists_are_refused(rows, scores, message):
    candidates = ranked(rows=np.array(rows), scores=np.array(scores, float), n_items=3)
    with pytest.raises(DataError, match=message):
        PopularityControl().rerank(candidates, context_of(n_items=3), k=1)


def test_other_things_are_refused():
    context = context_of(n_items=2)
    good = ranked(rows=np.array([0, 1]), scores=np.array([2, 1]), n_items=2)
    with pytest.raises(DataError, match="candidates: must be of type Ranking"):
        MMR().rerank([1, 2], context)
    with pytest.raises(DataError, match="context: must be of type Context"):
        MMR().rerank(good, None)
    with pytest.raises(DataError, match="not of the context's items"):
        MMR().rerank(good, context_of(n_items=3))
    with pytest.raises(DataError, match="k: must be a whole number"):
        MMR().rerank(good, context, k=0)


@pytest.mark.parametrize("kind", [MMR, DPP, PopularityControl, Calibration, Freshness,
                                  Exploration, ExposureFloor])  # fmt: skip
def test_no_lists_and_empty_lists(kind):
    from pyrec.data.groups import Groups

    groups = Groups.of(["a", None])
    context = context_of(n_items=2, groups={"category": groups, "seller": groups}, ages=[1, 2],
                         vectors=np.eye(2))  # fmt: skip
    none = ranked(rows=np.empty((0, 2), int), scores=np.empty((0, 2)), n_items=2)
    assert kind().rerank(none, context, k=3).rows.shape == (0, 3)
    empty = ranked(rows=np.full((1, 2), -1), scores=np.full((1, 2), -np.inf), n_items=2)
    found = kind().rerank(empty, context, k=3)
    assert found.rows.tolist() == [[-1, -1, -1]]
    assert np.all(np.isneginf(found.scores))
