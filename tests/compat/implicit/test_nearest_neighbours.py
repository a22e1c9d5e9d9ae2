import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from pyrec.compat.implicit.nearest_neighbours import (
    BM25Recommender,
    CosineRecommender,
    ItemItemRecommender,
    TFIDFRecommender,
    all_pairs_knn,
    bm25_weight,
    normalize,
    tfidf_weight,
)
from pyrec.compat.implicit.recommender_base import NO_SCORE, OutOfModelError, UnavailableError
from pyrec.compat.implicit.utils import ParameterWarning
from pyrec.errors import ArtifactError, DataError

LIKES = sp.csr_matrix(
    [[1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 0, 1, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 3, 0]]
)


def fitted(model, likes=LIKES):
    model.fit(likes, show_progress=False)
    return model


@given(seed=st.integers(0, 1000), K=st.integers(1, 9))
def test_all_pairs_knn_keeps_the_greatest_products(seed, K):
    rng = np.random.default_rng(seed)
    users = sp.random(7, 6, density=0.5, format="csr", random_state=rng)
    product = (users.T @ users).toarray()
    found = all_pairs_knn(users, K, show_progress=False)
    assert found.format == "coo"
    for row, expected in zip(found.toarray(), product, strict=True):
        assert np.count_nonzero(row) == min(K, np.count_nonzero(expected))
        np.testing.assert_allclose(np.sort(row)[::-1][:K], np.sort(expected)[::-1][:K], rtol=1e-5)


@pytest.mark.parametrize(
    ("model", "weighted"),
    [
        (ItemItemRecommender(K=5), LIKES),
        (CosineRecommender(K=5), normalize(LIKES.T).T),
        (TFIDFRecommender(K=5), normalize(tfidf_weight(LIKES.T)).T),
        (BM25Recommender(K=5, K1=2, B=0.5), bm25_weight(LIKES.T, 2, 0.5).T),
    ],
)
def test_similarity_is_the_product_of_weighted_columns(model, weighted):
    expected = (weighted.T @ weighted).toarray()
    np.testing.assert_allclose(fitted(model).similarity.toarray(), expected, rtol=1e-5, atol=1e-7)


def test_scores_are_histories_times_similarity():
    model = fitted(CosineRecommender(K=3))
    expected = (LIKES @ model.similarity).toarray()
    ids, scores = model.recommend(np.arange(5), LIKES, N=4)
    assert scores.dtype == np.float64
    for user, (row, values) in enumerate(zip(ids, scores, strict=True)):
        assert not set(row[row >= 0]) & set(LIKES[user].indices)
        np.testing.assert_allclose(values[row >= 0], expected[user, row[row >= 0]], rtol=1e-6)
        assert np.all(np.diff(values) <= 0)
        alone = model.recommend(user, LIKES[user], N=4)
        assert alone[0].tolist() == row[row >= 0].tolist()
        assert np.all(values[row < 0] == NO_SCORE)


def test_filter_items_leaves_n_items_and_items_ranks_all_of_them():
    model = fitted(CosineRecommender())
    ids, _ = model.recommend(3, LIKES[3], N=1, filter_items=[1])
    assert ids.tolist() == [2]
    ids, scores = model.recommend(3, LIKES[3], items=[4, 0, 1])
    assert ids.tolist() == [1, 0, 4]  # 0 was liked, nothing leads to 4
    assert scores.tolist()[1:] == [NO_SCORE, NO_SCORE]
    assert model.recommend(3, LIKES[3], N=2, items=[4, 0, 1])[0].tolist() == [1, 0]


def test_similar_items_comes_first_and_filters():
    model = fitted(CosineRecommender())
    assert model.similar_items(2)[0].tolist() == [2, 1, 0, 3]
    assert model.similar_items(2, filter_items=[2, 1])[0].tolist() == [0, 3]
    ids, scores = model.similar_items([2, 4], N=3, items=[1, 4])
    assert ids.tolist() == [[1, 4], [1, 4]]
    assert scores[1].tolist() == [NO_SCORE, NO_SCORE]
    assert model.similar_items([4], N=2)[0].tolist() == [[-1, -1]]


def test_what_these_models_cannot_do():
    model = fitted(CosineRecommender())
    with pytest.raises(UnavailableError, match="similar users"):
        model.similar_users(0)
    with pytest.raises(UnavailableError, match="recalculate"):
        model.similar_items(0, recalculate_item=True)
    with pytest.raises(UnavailableError, match="callback"):
        model.fit(LIKES, callback=print)
    with pytest.raises(DataError, match="not fitted"):
        CosineRecommender().similar_items(0)


def test_wrong_arguments():
    model = fitted(CosineRecommender())
    with pytest.raises(OutOfModelError, match="itemid: 5"):
        model.similar_items(5)
    with pytest.raises(DataError, match="1 row for each"):
        model.recommend(0, LIKES)
    with pytest.raises(DataError, match="k: "):
        fitted(CosineRecommender(K=0))


def test_only_other_formats_warn():
    fitted(BM25Recommender())
    with pytest.warns(ParameterWarning):
        fitted(BM25Recommender(), LIKES.tocoo())


def test_any_number_of_threads_gives_the_same():
    one, four = (fitted(TFIDFRecommender(num_threads=n)).similarity for n in (1, 4))
    assert (one != four).nnz == 0


def test_saved_and_loaded(tmp_path):
    model = fitted(BM25Recommender(K=3, K1=2, B=0.5, num_threads=2))
    model.save(tmp_path / "model")
    again = BM25Recommender.load(tmp_path / "model")
    assert (again.K, again.K1, again.B, again.num_threads) == (3, 2, 0.5, 2)
    assert again.recommend(3, LIKES[3])[0].tolist() == model.recommend(3, LIKES[3])[0].tolist()


def test_loads_what_implicit_saves(tmp_path):
    matrix = sp.csr_matrix([[1.0, 0.5], [0.5, 1.0]])
    parts = {"data": matrix.data, "indptr": matrix.indptr, "indices": matrix.indices}
    np.savez(tmp_path / "model", K=2, shape=matrix.shape, **parts)
    assert CosineRecommender.load(str(tmp_path / "model")).similar_items(0)[1].tolist() == [1, 0.5]
    np.savez(tmp_path / "half", K=2, data=matrix.data)
    with pytest.raises(ArtifactError, match="similarity"):
        CosineRecommender.load(str(tmp_path / "half"))


def test_a_similarity_may_be_assigned():
    model = CosineRecommender()
    model.similarity = sp.csr_matrix([[1.0, 0.5], [0.5, 1.0]])
    assert model.recommend(0, sp.csr_matrix([[1, 0]]))[0].tolist() == [1]
