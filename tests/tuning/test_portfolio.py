import scipy.sparse as sp

import pyrec
from pyrec.tuning.portfolio import family, portfolio


def names(items, seconds=60):
    log = pyrec.Interactions.from_scipy(sp.csr_array(([1.0], ([0], [0])), shape=(20_000, items)))
    return {estimator.name: estimator for estimator in portfolio(log, seconds)}


def test_a_closed_form_of_all_items_is_for_small_catalogues():
    assert "ease" in names(3_000)
    assert "ease" not in names(50_000)


def test_many_factors_are_for_budgets_that_bear_them():
    def most(seconds):
        log = pyrec.Interactions.from_scipy(sp.csr_array((30_000, 40_000)))
        return max(one.factors for one in portfolio(log, seconds) if one.name == "als")

    assert most(60) == 512
    assert most(5) == 128


def test_families():
    assert family(pyrec.ALS()) != family(pyrec.EASE())
    assert family(pyrec.ItemKNN()) == family(pyrec.UserKNN())
    assert family(pyrec.SLIM()) == family(pyrec.SparseEASE()) == family(pyrec.EASE())
