import numpy as np
import pytest
import scipy.sparse as sp

from pyrec.compat.implicit.als import AlternatingLeastSquares
from pyrec.compat.implicit.recommender_base import NO_SCORE, OutOfModelError
from pyrec.errors import DataError

LIKES = sp.csr_matrix([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]])


@pytest.fixture
def model():
    """Factors with few, known inner products."""
    found = AlternatingLeastSquares(factors=2)
    found.user_factors = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    found.item_factors = np.array(
        [[3, 0], [2, 1], [1, 2], [0, 3], [-1, 0], [0, 0]], dtype=np.float32
    )
    return found


def test_lists(model):
    ids, scores = model.recommend(0, LIKES[0], N=3)
    assert (ids.tolist(), scores.tolist()) == ([2, 3, 5], [1, 0, 0])
    assert (ids.dtype, scores.dtype) == (np.int32, np.float32)
    ids, scores = model.recommend(0, None, N=2, filter_already_liked_items=False)
    assert (ids.tolist(), scores.tolist()) == ([0, 1], [3, 2])
    ids, _ = model.recommend([1, 0], LIKES[[1, 0]], N=2, filter_items=[5, 99])
    assert ids.tolist() == [[1, 0], [2, 3]]


def test_a_list_has_no_more_than_there_is(model):
    ids, scores = model.recommend(0, LIKES[0], N=100)
    assert ids.tolist() == [2, 3, 5, 4]
    ids, scores = model.recommend([0, 1], LIKES[:2], N=5)
    assert ids.tolist() == [[2, 3, 5, 4, -1], [1, 0, 5, -1, -1]]
    assert scores[1].tolist() == [1, 0, 0, NO_SCORE, NO_SCORE]


def test_items_are_all_ranked_what_was_liked_last(model):
    ids, scores = model.recommend(0, LIKES[0], items=[4, 0, 3], N=10)
    assert (ids.tolist(), scores.tolist()) == ([3, 4, 0], [0, -1, NO_SCORE])
    ids, _ = model.recommend([0, 1], LIKES[:2], items=np.array([4, 0, 3]))
    assert ids.tolist() == [[3, 4, 0], [0, 3, 4]]
    with pytest.raises(DataError, match="items: is empty"):
        model.recommend(0, LIKES[0], items=[])


def test_wrong_arguments(model):
    for userid in (-1, 3):
        with pytest.raises(OutOfModelError, match="userid"):
            model.recommend(userid, LIKES[0])
    with pytest.raises(OutOfModelError, match="items: 6"):
        model.recommend(0, LIKES[0], items=[6])
    with pytest.raises(DataError, match="together"):
        model.recommend(0, LIKES[0], items=[1], filter_items=np.array([2, 3]))
    with pytest.raises(DataError, match="1 row for each"):
        model.recommend(0, LIKES)
    with pytest.raises(DataError, match="k: "):
        model.recommend(0, LIKES[0], N=0)
    with pytest.raises(DataError, match="not fitted"):
        AlternatingLeastSquares().recommend(0, LIKES[0])


def test_recommend_all_is_recommend(model):
    with pytest.warns(DeprecationWarning, match="array of users"):
        ids = model.recommend_all(LIKES[1:], N=2, users_items_offset=1)
    np.testing.assert_array_equal(ids, model.recommend([1, 2], LIKES[1:], N=2)[0])


def test_similar_items_are_cosines_itself_first(model):
    ids, scores = model.similar_items(1, N=3)
    assert ids.tolist() == [1, 0, 2]
    np.testing.assert_allclose(scores, [1, 2 / 5**0.5, 0.8], rtol=1e-6)
    assert model.similar_items(1, N=3, filter_items=[1, 0])[0].tolist() == [2, 3, 5]
    ids, scores = model.similar_items([1, 4], N=9, items=[4, 1, 3])
    assert ids.tolist() == [[1, 3, 4], [4, 3, 1]]
    assert model.similar_items([0, 3], N=1)[0].tolist() == [[0], [3]]


def test_what_has_no_factors_is_like_nothing(model):
    ids, scores = model.similar_items(5, N=3)
    assert ids[0] == 5
    assert scores.tolist() == [0, 0, 0]
    model.item_factors = np.tile(np.float32([[0.1, 0.7]]), (9, 1))
    ids, scores = model.similar_items(np.arange(9), N=9)
    assert ids[:, 0].tolist() == list(range(9))  # before equals
    assert scores.max() == 1


def test_similar_users(model):
    assert model.similar_users(1, N=2)[0].tolist() == [1, 0]
    assert model.similar_users(1, users=[0])[0].tolist() == [0]
    assert model.similar_users([1], filter_users=[1])[0].tolist()[0][:2] == [0, 2]
    with pytest.raises(OutOfModelError):
        model.similar_users(3)


def test_factors_are_replaced_and_not_changed(model):
    assert model.item_norms.tolist() == pytest.approx([3, 5**0.5, 5**0.5, 3, 1, 1e-10])
    with pytest.raises(ValueError, match="read-only"):
        model.item_factors[0] = 0
    mine = np.array(model.item_factors[::-1])
    model.item_factors = mine
    mine[:] = 0
    assert model.recommend(0, None, N=1, filter_already_liked_items=False)[0].tolist() == [5]
    assert model.user_norms.tolist() == pytest.approx([1, 1, 1e-10])


def test_one_and_many_have_the_same_bits():
    rng = np.random.default_rng(1)
    likes = sp.random(200, 90, 0.1, format="csr", random_state=rng)
    model = AlternatingLeastSquares(factors=20, random_state=2)
    model.fit(likes, show_progress=False)
    ids, scores = model.recommend(np.arange(200), likes, N=7)
    for user in range(0, 200, 17):
        one = model.recommend(user, likes[user], N=7)
        np.testing.assert_array_equal(one[0], ids[user])
        np.testing.assert_array_equal(one[1], scores[user])
