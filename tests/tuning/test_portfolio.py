import scipy.sparse as sp

import pyrec
from pyrec.tuning.portfolio import family, portfolio


def names(items, seconds=60):
    log = pyrec.Interactions.from_scipy(sp.csr_array(([1.0], ([0], [0])), shape=(20_000, items)))
    return {estimator.name: estimator for estimator in portfolio(log, seconds)}


def test_a_closed_form_of_all_items_is_for_small_catalogues():
    assert "ease" in names(3_000)
    assert "ease" not in names(50_000)


def test_regressions_of_users_are_for_as_many_as_the_time_bears():
    assert "user_slim" in names(3_000)
    assert "user_slim" not in names(3_000, seconds=1)


def test_no_model_asks_for_more_than_tiny_data_have():
    log = pyrec.Interactions.from_scipy(sp.csr_array([[1, 1, 0, 0], [0, 1, 1, 1], [1, 0, 1, 0]]))
    for estimator in portfolio(log, 10):
        assert estimator.fit(log).recommend_rows([0], 2)[0].shape == (1, 2)


def test_many_factors_are_for_budgets_that_bear_them():
    def most(seconds):
        log = pyrec.Interactions.from_scipy(sp.csr_array((30_000, 40_000)))
        return max(one.factors for one in portfolio(log, seconds) if one.name == "als")

    assert most(60) == 512
    assert most(5) == 128


def test_families():
    assert family(pyrec.ALS()) != family(pyrec.EASE())
    assert family(pyrec.ItemKNN()) == family(pyrec.UserKNN())
    assert family(pyrec.UserSLIM()) not in (family(pyrec.SLIM()), family(pyrec.UserKNN()))
    assert family(pyrec.SLIM()) == family(pyrec.SparseEASE()) == family(pyrec.EASE())
