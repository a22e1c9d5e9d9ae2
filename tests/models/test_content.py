import contract
import numpy as np
import pytest
import reference
import scipy.sparse as sp

import pyrec
from pyrec import ContentKNN, Vocabulary
from pyrec.errors import DataError, UnknownIdError
from pyrec.features import Features
from pyrec.preparation.weighting import bm25, tfidf

ESTIMATORS = [
    ContentKNN(),
    ContentKNN(neighbors=7, metric="asymmetric", alpha=0.3, shrink=0.5, weighting="tfidf"),
    ContentKNN(neighbors=9, metric="jaccard"),
    ContentKNN(metric="dot", weighting="bm25"),
]


def about(items, width=8, seed=0):
    """Features of items: even ones mostly have the first columns, odd ones the last."""
    rng = np.random.default_rng(seed)
    left = np.arange(width)[None, :] < width / 2
    even = (np.arange(len(items)) % 2 == 0)[:, None]
    there = rng.random((len(items), width)) < np.where(left == even, 0.7, 0.05)
    there[:, 0] |= even[:, 0]
    there[:, -1] |= ~even[:, 0]
    return Features(items, sp.csr_array(there * 1.0), tuple(f"f{j}" for j in range(width)))


@pytest.fixture(scope="module")
def interactions():
    return contract.shop()


@pytest.fixture(scope="module")
def catalogue(interactions):
    """Everything in the shop, and five items that nobody has had."""
    return about(interactions.items.extend([f"new{i}" for i in range(5)]))


class TestContract(contract.ModelContract):
    @pytest.fixture(scope="class", params=ESTIMATORS, ids=lambda e: e.metric)
    @classmethod
    def estimator(cls, request):
        return request.param

    def fit(self, estimator, data):
        items = getattr(data, "items", None) or Vocabulary.range(data.shape[1])
        return estimator.fit(data, item_features=about(items))


@pytest.mark.parametrize("weighting", ["none", "bm25", "tfidf"])
def test_scores_are_sums_over_the_nearest_items_that_somebody_had(
    interactions, catalogue, weighting
):
    model = ContentKNN(neighbors=6, weighting=weighting).fit(interactions, item_features=catalogue)
    assert model.items.ids.tolist() == catalogue.ids.ids.tolist()
    scheme = {"none": lambda csr, axis: csr, "bm25": bm25, "tfidf": tfidf}[weighting]
    dense = scheme(catalogue.matrix, axis="users").toarray()
    similar = reference.similarity(dense, "cosine")
    similar[:, len(interactions.items) :] = 0
    nearest = reference.neighbors(similar, 6)
    histories = np.pad(interactions.to_scipy().toarray(), [(0, 0), (0, 5)])
    scores = model.score(model.users.ids[:, None], model.items.ids[None, :])
    np.testing.assert_allclose(scores, histories @ nearest.T, rtol=1e-5)


def test_new_items_are_in_lists_and_saved_with_their_features(interactions, catalogue, tmp_path):
    model = ContentKNN().fit(interactions, item_features=catalogue)
    new = [f"new{i}" for i in range(5)]
    ranking = model.recommend(model.users.ids[1:], k=5, items=new)
    assert (ranking.counts > 0).all()
    model.save(tmp_path / "model")
    loaded = pyrec.load(tmp_path / "model")
    assert loaded.features.names == model.features.names
    again = loaded.recommend(model.users.ids[1:], k=5, items=new)
    np.testing.assert_array_equal(again.scores, ranking.scores)
    assert "new0" in loaded.similar_items("new2", k=len(loaded.items)).ids.tolist()


def test_dense_features_are_taken_too(interactions):
    sparse = about(interactions.items)
    dense = Features(sparse.ids, sparse.dense(), sparse.names)
    models = [ContentKNN().fit(interactions, item_features=given) for given in (sparse, dense)]
    lists = [model.recommend("u01", k=9).scores for model in models]
    np.testing.assert_array_equal(*lists)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e.metric)
def test_shared_features_add_up_to_the_similarity(interactions, catalogue, estimator):
    model = estimator.fit(interactions, item_features=catalogue)
    for other, similarity in model.similar_items("i03", k=4):
        shared = model.shared_features("i03", other)
        assert sum(part for _, part in shared) == pytest.approx(similarity, rel=1e-5)
        assert set(dict(shared)) <= set(catalogue.names)
    assert len(model.shared_features("i03", "i05", k=1)) == 1
    with pytest.raises(UnknownIdError):
        model.shared_features("i03", "nothing")


def test_an_item_without_features_is_in_nobodys_list(interactions):
    some = about(Vocabulary(interactions.items.ids[:30]))
    model = ContentKNN().fit(interactions, item_features=some)
    shown = set(model.recommend(model.users.ids, k=40, exclude_seen=False).ids.ravel().tolist())
    assert shown - {None} <= set(some.ids.ids.tolist())


def test_features_that_will_not_do(interactions):
    with pytest.raises(DataError, match="item_features: content is all that this model has"):
        ContentKNN().fit(interactions)
    with pytest.raises(DataError, match="item_features: must be of type Features"):
        ContentKNN().fit(interactions, item_features=np.eye(40))
    with pytest.raises(DataError, match="none of the 40 items with interactions has features"):
        ContentKNN().fit(interactions, item_features=about(Vocabulary(["x", "y"])))
    with pytest.raises(DataError, match="their ids are integers, those of the interactions str"):
        ContentKNN().fit(interactions, item_features=about(Vocabulary.range(40)))
