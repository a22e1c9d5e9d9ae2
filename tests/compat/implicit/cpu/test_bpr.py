import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import _kernels
from pyrec.compat.implicit.bpr import BayesianPersonalizedRanking
from pyrec.compat.implicit.recommender_base import ModelFitError, UnavailableError
from pyrec.data.interactions import as_csr
from pyrec.errors import ConfigError

# Two tastes; item 4 nobody had, user 4 had nothing.
LIKES = sp.csr_matrix(
    [[1, 1, 0, 0, 0], [1, 2, 0, 0, 0], [0, 0, 1, 3, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
)
OPTIONS = {"factors": 4, "learning_rate": 0.05, "regularization": 0.01, "random_state": 3}


def fitted(likes=LIKES, **options):
    model = BayesianPersonalizedRanking(**{**OPTIONS, **options})
    model.fit(likes, show_progress=False)
    return model


def test_recommends_what_people_of_the_same_taste_had():
    model = fitted(iterations=300)
    assert model.recommend(3, LIKES[3], N=1)[0].tolist() == [3]
    assert model.similar_items(0, N=2)[0].tolist() == [0, 1]
    assert model.similar_users(0, N=2)[0].tolist() == [0, 1]


def test_shapes_are_those_of_implicit():
    model = fitted()
    assert model.user_factors.shape == model.item_factors.shape == (5, 5)
    np.testing.assert_array_equal(model.user_factors[:, -1], 1)
    np.testing.assert_array_equal(model.item_factors[:, -1], 0)


def test_what_was_never_met_stays_zero():
    model = fitted()
    np.testing.assert_array_equal(model.item_factors[4], 0)
    np.testing.assert_array_equal(model.user_factors[4, :-1], 0)


def test_steps_are_those_of_the_kernel_from_the_start_of_implicit():
    likes = LIKES[:4, :4]
    model = fitted(likes, iterations=2)
    rng = np.random.default_rng(3)
    items, users = ((rng.random((4, 5), dtype=np.float32) - 0.5) / 4 for _ in range(2))
    items, users = (np.ascontiguousarray(side[:, :-1]) for side in (items, users))
    seed = int(rng.integers(2**63))
    for epoch in range(2):
        _kernels.bpr_epoch(
            as_csr(likes), users, items, epoch=epoch, learning_rate=0.05, regularization=0.01,
            candidates=1, seed=seed, threads=1,
        )  # fmt: skip
    np.testing.assert_array_equal(model.user_factors[:, :-1], users)
    np.testing.assert_array_equal(model.item_factors[:, :-1], items)


def test_threads_weights_and_formats_change_nothing():
    one = fitted(num_threads=1)
    for other in (fitted(num_threads=4), fitted(sp.csr_array(LIKES > 0).astype(np.float32))):
        np.testing.assert_array_equal(other.item_factors, one.item_factors)


def test_disliked_is_not_liked():
    disliked = LIKES - sp.csr_matrix(([1], ([3], [0])), shape=LIKES.shape)
    np.testing.assert_array_equal(fitted(disliked).item_factors, fitted().item_factors)


def test_callback_counts_pairs_in_the_right_order():
    seen = []
    model = BayesianPersonalizedRanking(**OPTIONS, iterations=300)
    model.fit(LIKES, show_progress=False, callback=lambda *step: seen.append(step))
    assert [step[0] for step in seen] == list(range(300))
    for _, seconds, correct, skipped in seen:
        assert seconds > 0
        assert 0 <= correct <= 7 - skipped
    last = seen[-50:]
    assert sum(s[2] for s in last) > 0.95 * sum(7 - s[3] for s in last)
    np.testing.assert_array_equal(model.item_factors, fitted(iterations=300).item_factors)


def test_a_second_fit_goes_on():
    model = fitted(iterations=5)
    before = model.item_factors
    model.fit(LIKES, show_progress=False)
    assert np.linalg.norm(model.item_factors) > np.linalg.norm(before)


def test_users_cannot_be_recalculated():
    with pytest.raises(UnavailableError, match="recalculate users"):
        fitted().recommend(0, LIKES[0], recalculate_user=True)


def test_divergence_is_an_error():
    model = BayesianPersonalizedRanking(**OPTIONS)
    model.user_factors = np.full((5, 5), 3e38, np.float32)
    model.item_factors = np.outer([1, -1, 1, -1, 1], np.full(5, 3e38)).astype(np.float32)
    with pytest.raises(ModelFitError, match="learning_rate"):
        model.fit(LIKES, show_progress=False)


@pytest.mark.parametrize("option", ["factors", "learning_rate"])
def test_parameters_out_of_range(option):
    with pytest.raises(ConfigError, match=option):
        fitted(**{option: -1})


def test_saved_and_loaded(tmp_path):
    model = fitted()
    model.save(tmp_path / "model")
    again = BayesianPersonalizedRanking.load(tmp_path / "model")
    np.testing.assert_array_equal(again.item_factors, model.item_factors)
    assert again.learning_rate == 0.05
