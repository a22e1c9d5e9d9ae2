import scipy.sparse as sp

import pyrec
from pyrec.tuning.portfolio import family, portfolio


def names(items, seconds=60):
    log = pyrec.Interactions.from_scipy(sp.csr_array(([1.0], ([0], [0])), shape=(20_000, items)))
    return {estimator.name: estimator for estimator in portfolio(log, seconds)}


def test_a_closed_form_of_all_items_is_for_small_catalogues():
    assert "ease" in names(3_000)
    assert "ease" not in names(50_000)


def test_families():
    assert family(pyrec.ALS()) != family(pyrec.EASE())
    assert family(pyrec.ItemKNN()) == family(pyrec.UserKNN())
