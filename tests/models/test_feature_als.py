import contract
import numpy as np
import pytest
from models.test_content import about

import pyrec
from pyrec import ALS, FeatureALS, Vocabulary
from pyrec.errors import ConfigError, DataError, NotSupportedError
from pyrec.features import Features
from pyrec.models.side_information import with_items

OPTIONS = dict(factors=8, alpha=5, iterations=10, map_regularization=0.5)
ESTIMATORS = [FeatureALS(**OPTIONS), FeatureALS(**OPTIONS, profile_weight=0.3)]


@pytest.fixture(scope="module")
def interactions():
    return contract.shop()


@pytest.fixture(scope="module")
def catalogue(interactions):
    """Everything in the shop, and six items that nobody has had."""
    return about(interactions.items.extend([f"new{i}" for i in range(6)]))


def demographics(users):
    """Of everybody whether their number is odd, and something else."""
    odd, other = (np.array([int(u[1:]) // n % 2 for u in users]) for n in (1, 2))
    matrix = np.stack([odd, 1 - odd, other], axis=1).astype(np.float32)
    return Features(Vocabulary(users), matrix, ("odd", "even", "other"))


class TestContract(contract.ModelContract):
    @pytest.fixture(scope="class", params=ESTIMATORS, ids=["map", "profile"])
    @classmethod
    def estimator(cls, request):
        return request.param

    def fit(self, estimator, data):
        items = getattr(data, "items", None) or Vocabulary.range(data.shape[1])
        return estimator.fit(data, item_features=about(items))


@pytest.fixture(scope="module", params=ESTIMATORS, ids=["map", "profile"])
def model(request, interactions, catalogue):
    users = demographics([*interactions.users.ids[1:].tolist(), "u98", "u99"])
    return request.param.fit(interactions, item_features=catalogue, user_features=users)


def odd_share(ranking):
    """The share of entries whose number is odd."""
    ids = [item for item in ranking.ids.ravel().tolist() if item is not None]
    return np.mean([int(item[-1]) % 2 for item in ids])


def test_without_a_profile_known_items_have_the_factors_of_als(interactions, catalogue):
    model = ESTIMATORS[0].fit(interactions, item_features=catalogue)
    learnt = ALS(factors=8, alpha=5, iterations=10).fit(with_items(interactions, catalogue.ids))
    np.testing.assert_array_equal(model.item_factors[:40], learnt.item_factors[:40])
    np.testing.assert_array_equal(model.user_factors, learnt.user_factors)


def test_new_items_go_to_those_who_like_their_kind(model):
    new = [f"new{i}" for i in range(6)]
    for parity in (0, 1):
        users = [f"u{u:02d}" for u in range(1, 60) if u % 2 == parity]
        ranking = model.recommend(users, k=3, items=new)
        assert (ranking.counts == 3).all()
        share = odd_share(ranking)
        assert share > 0.7 if parity else share < 0.3
    assert set(new) & set(model.similar_items("i01", k=10).ids.tolist())


def test_new_users_get_lists_from_what_is_known_of_them(model):
    assert odd_share(model.recommend("u99", k=5)) > 0.7
    assert odd_share(model.recommend("u98", k=5)) < 0.3
    asked = demographics(["u99", "u98"])
    lists = model.recommend_for_features(asked, k=5)
    assert lists.ids.tolist() == model.recommend(["u99", "u98"], k=5).ids.tolist()
    assert lists.users.tolist() == ["u99", "u98"]
    some = model.recommend_for_features(asked, k=2, items=["i03", "i05"], exclude=["i05"])
    assert some.ids.tolist() == [["i03", None]] * 2
    nobody = Features(Vocabulary(["x"]), np.zeros((1, 3)), asked.names)
    assert model.recommend_for_features(nobody).counts.tolist() == [0]
    assert model.recommend("u00").counts == 0


def test_items_join_a_fitted_model(model, interactions, catalogue):
    later = Features(Vocabulary(["later", "i03"]), catalogue.matrix[[3, 0]], catalogue.names)
    more = model.with_items(later)
    assert len(model.items) == 46
    assert more.items.ids.tolist() == [*model.items.ids.tolist(), "later"]
    assert more.user_factors is model.user_factors
    np.testing.assert_array_equal(more.item_factors[:46], model.item_factors)
    np.testing.assert_array_equal(more.item_factors[46], model.item_map(later)[0])
    odd = [f"u{u:02d}" for u in range(1, 60, 2)]
    assert more.score(odd, "later").mean() > more.score(np.array(["u02", "u04"]), "later").mean()
    folded = more.recommend_for([["later", "i01"]], k=6)
    assert odd_share(folded) > 0.7
    assert more.explain("u03", "later").total == pytest.approx(more.score("u03", "later"), rel=0.2)


def test_it_is_saved_with_its_maps(model, catalogue, tmp_path):
    model.save(tmp_path / "model")
    loaded = pyrec.load(tmp_path / "model")
    asked = demographics(["a1", "b2"])
    np.testing.assert_array_equal(
        loaded.recommend_for_features(asked).scores, model.recommend_for_features(asked).scores
    )
    later = Features(Vocabulary(["later"]), catalogue.matrix[[3]], catalogue.names)
    np.testing.assert_array_equal(
        loaded.with_items(later).recommend_for([["later"]]).scores,
        model.with_items(later).recommend_for([["later"]]).scores,
    )


def test_features_that_will_not_do(model, interactions, catalogue):
    with pytest.raises(DataError, match="there are no features, neither of items nor of users"):
        FeatureALS(factors=2).fit(interactions)
    unseen = Features(Vocabulary(["x"]), np.ones((1, 1)), ("colour=mauve",))
    with pytest.raises(DataError, match="'colour=mauve', which the model was not fitted with"):
        model.with_items(unseen)
    with pytest.raises(DataError, match="transform them with the pipeline"):
        model.recommend_for_features(unseen)
    items_only = FeatureALS(factors=2).fit(interactions, item_features=catalogue)
    with pytest.raises(NotSupportedError, match="fitted without features of users; give fit user"):
        items_only.recommend_for_features(unseen)
    users = demographics(interactions.users.ids.tolist())
    with pytest.raises(NotSupportedError, match="fitted without features of items"):
        FeatureALS(factors=2).fit(interactions, user_features=users).with_items(unseen)
    negative = Features(catalogue.ids, -catalogue.matrix, catalogue.names)
    with pytest.raises(DataError, match="the least is -1, and profiles need features of 0 or more"):
        FeatureALS(factors=2, profile_weight=1).fit(interactions, item_features=negative)


def test_features_have_no_popularity(interactions, catalogue):
    both = FeatureALS(factors=2, profile_weight=1, item_exponent=0.5)
    with pytest.raises(ConfigError, match="item_exponent: with a profile_weight above 0"):
        both.fit(interactions, item_features=catalogue)
    model = both.replace(profile_weight=0).fit(interactions, item_features=catalogue)
    alone = ALS(factors=2, item_exponent=0.5, unobserved_weight=model.estimator.unobserved_weight)
    same = alone.fit(with_items(interactions, catalogue.ids))
    np.testing.assert_allclose(model.user_factors, same.user_factors, rtol=1e-3, atol=1e-5)
