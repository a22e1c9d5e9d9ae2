import numpy as np
import pytest
import reference
import scipy.sparse as sp
from contract import shop

import pyrec
from pyrec import ItemKNN, UserKNN
from pyrec.errors import ConfigError, NumericalError
from pyrec.preparation.weighting import binarize, bm25, tfidf


@pytest.fixture(scope="module")
def interactions():
    return shop()


def weighted(interactions, weighting, axis):
    scheme = {"none": lambda csr, axis: csr, "bm25": bm25, "tfidf": tfidf}[weighting]
    changed = scheme(interactions, axis=axis)
    return changed.to_scipy().toarray()


@pytest.mark.parametrize("weighting", ["none", "bm25", "tfidf"])
@pytest.mark.parametrize("metric", ["cosine", "asymmetric", "dot"])
def test_item_scores_are_sums_over_nearest_items(interactions, metric, weighting):
    options = {"metric": metric, "weighting": weighting, "shrink": 0, "alpha": 0.3}
    model = ItemKNN(neighbors=5, **options).fit(interactions)
    items = weighted(interactions, weighting, "items").T
    nearest = reference.neighbors(reference.similarity(items, metric, alpha=0.3), 5)
    np.testing.assert_allclose(model.nearest.values, nearest[nearest != 0], rtol=1e-5)
    histories = interactions.to_scipy().toarray()
    scores = model.score(model.users.ids[:, None], model.items.ids[None, :])
    np.testing.assert_allclose(scores, histories @ nearest.T, rtol=1e-5)


def test_similarities_of_an_item_can_sum_to_1(interactions):
    options = {"neighbors": 5, "metric": "dot", "shrink": 0, "weighting": "bm25"}
    plain = ItemKNN(**options).fit(interactions).nearest
    model = ItemKNN(**options, normalize=True).fit(interactions)
    sums = np.add.reduceat(plain.values, plain.offsets[:-1][np.diff(plain.offsets) > 0])
    expected = plain.values / np.repeat(sums, np.diff(plain.offsets)[np.diff(plain.offsets) > 0])
    np.testing.assert_allclose(model.nearest.values, expected, rtol=1e-6)


@pytest.mark.parametrize("weighting", ["none", "bm25", "tfidf"])
@pytest.mark.parametrize("metric", ["cosine", "dot"])
def test_user_scores_are_sums_over_nearest_users(interactions, metric, weighting):
    model = UserKNN(neighbors=7, metric=metric, weighting=weighting).fit(interactions)
    users = weighted(interactions, weighting, "users")
    nearest = reference.neighbors(reference.similarity(users, metric), 7)
    scores = model.score(model.users.ids[:, None], model.items.ids[None, :])
    np.testing.assert_allclose(
        scores, nearest @ interactions.to_scipy().toarray(), rtol=1e-5, atol=1e-6
    )


def test_jaccard_looks_at_presence_only(interactions):
    model = ItemKNN(neighbors=5, metric="jaccard").fit(interactions)
    same = ItemKNN(neighbors=5, metric="jaccard").fit(binarize(interactions))
    np.testing.assert_array_equal(model.influence.values, same.influence.values)


def test_an_explanation_is_the_score_term_by_term(interactions):
    model = ItemKNN(neighbors=12).fit(interactions)
    for user in model.users.ids[1:20].tolist():
        for item in model.recommend(user, k=3).ids.tolist():
            explanation = model.explain(user, item, k=40)
            score = np.float32(0)
            for row in np.argsort(explanation.rows):  # the order in which the score is summed
                score += np.float32(explanation.contributions[row])
            assert score == np.float32(model.score(user, item))
            assert np.all(explanation.contributions != 0)
    nothing = model.explain("u00", "i03")
    assert nothing.total == 0
    assert len(nothing.ids) == 0


@pytest.mark.parametrize("weighting", ["none", "bm25", "tfidf"])
def test_a_newcomer_is_compared_like_a_known_user(interactions, weighting):
    estimator = UserKNN(neighbors=8, weighting=weighting, shrink=0.1)
    model = estimator.fit(interactions)
    histories = interactions.to_scipy()
    found = model.recommend_for(histories, k=6)
    # A newcomer with the history of a known user has that user as one more neighbour, whose items
    # are those of the history: the rest is what the other seven nearest say.
    fewer = estimator.replace(neighbors=7).fit(interactions).recommend(model.users.ids, k=6)
    np.testing.assert_array_equal(found.rows, fewer.rows)
    np.testing.assert_allclose(found.scores, fewer.scores, rtol=1e-5)


def test_item_histories_of_known_users_give_their_lists(interactions):
    model = ItemKNN(neighbors=8).fit(interactions)
    found = model.recommend_for(interactions.to_scipy(), k=6)
    known = model.recommend(model.users.ids, k=6)
    np.testing.assert_array_equal(found.rows, known.rows)
    np.testing.assert_array_equal(found.scores, known.scores)


@pytest.mark.parametrize("kind", [ItemKNN, UserKNN])
def test_newcomers_with_candidates_and_blocks(interactions, kind):
    model = kind(neighbors=8).fit(interactions)
    history = ["i01", "i03", "i05"]
    everything = model.recommend_for(history, k=40)
    scores = dict(zip(everything.ids.tolist(), everything.scores.tolist(), strict=True))
    wanted = ["i07", "i09", "i01"]
    few = model.recommend_for([history], k=2, items=[wanted])
    assert set(few.ids[0].tolist()) == {"i07", "i09"}
    for item, score in zip(few.ids[0].tolist(), few.scores[0].tolist(), strict=True):
        assert score == scores.get(item, 0.0)
    blocked = model.recommend_for(history, k=40, exclude=wanted)
    assert not set(wanted) & set(blocked.ids.tolist())


def test_similar_items_come_best_first(interactions):
    model = ItemKNN(neighbors=6).fit(interactions)
    similar = model.similar_items(model.items.ids, k=10)
    assert similar.counts.max() <= 6
    dense = sp.csr_array(
        (model.nearest.values, model.nearest.columns, model.nearest.offsets)
    ).toarray()
    for item, (rows, scores) in enumerate(zip(similar.rows, similar.scores, strict=True)):
        real = rows >= 0
        np.testing.assert_array_equal(scores[real], dense[item, rows[real]])
        assert np.all(np.diff(scores[real]) <= 0)


@pytest.mark.parametrize("kind", [ItemKNN, UserKNN])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(neighbors=0), "neighbors"),
        (dict(metric="euclidean"), "metric"),
        (dict(metric="jaccard", weighting="bm25"), "weighting: must be 'none' for jaccard"),
        (dict(metric="dot", shrink=5), "shrink: the dot product has no denominator"),
        (dict(shrnk=5), "did you mean 'shrink'"),
    ],
)
def test_bad_options_are_named(kind, options, message):
    with pytest.raises(ConfigError, match=message):
        kind(**options)


def test_negative_weights():
    liked = sp.csr_array([[1.0, 1.0, -1.0], [1.0, 1.0, -1.0], [1.0, 0.0, 0.0]])
    model = ItemKNN(neighbors=2).fit(liked)
    assert model.recommend(2, k=2).ids.tolist() == [1, 2]
    assert model.score(2, 2) < 0
    with pytest.raises(pyrec.errors.DataError, match="negative"):
        ItemKNN(weighting="bm25").fit(liked)


def test_weights_beyond_float32():
    huge = sp.csr_array([[1e30, 1e30], [1e30, 0]])
    assert ItemKNN(metric="cosine", shrink=0).fit(huge).score(1, 1) > 0
    with pytest.raises(NumericalError, match="scale the weights"):
        ItemKNN(metric="dot").fit(huge)


@pytest.mark.real_data
def test_item_cosine_on_gowalla_has_the_quality_it_should(real_data):
    train = pyrec.read_adjacency(real_data / "gowalla/train.txt.gz")
    test = pyrec.read_adjacency(real_data / "gowalla/test.txt.gz")
    model = ItemKNN(neighbors=100, metric="cosine", shrink=0).fit(train)
    report = pyrec.evaluate(model, test, metrics=["recall@20", "ndcg@20"])
    assert report["recall@20"] == pytest.approx(0.1271, abs=0.0005)
    assert report["ndcg@20"] == pytest.approx(0.0936, abs=0.0005)
