import contract
import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.models.links import Linked, first_items
from pyrec.models.query import Filter

LOG = contract.shop()


@pytest.fixture(scope="module")
def model():
    return pyrec.EASE().fit(LOG)


def test_a_link_ranks_in_the_rows_of_its_chain(model):
    users = pyrec.Vocabulary(["nobody", *LOG.users.ids[::-1]])
    items = pyrec.Vocabulary(["new", *LOG.items.ids[::-1]])
    link = Linked.of(model, users, items)
    assert not link.shares(LOG)
    rank = link.of_users(
        np.array([0, 1], np.int32), users.ids[:2], "popular", {"exclude_seen": True}
    )
    rows, scores = rank.rank(np.array([1, 0], np.int32), 7, Filter())
    expected = model.recommend(users.decode(1), k=7)
    assert items.decode(rows[0]).tolist() == expected.ids.tolist()
    np.testing.assert_array_equal(scores[0], expected.scores)
    assert (rows[1] == -1).all(), "a personal model has no answer for who is unknown"


def test_histories_are_translated_with_their_weights(model):
    items = pyrec.Vocabulary(["new", *LOG.items.ids[::-1]])
    link = Linked.of(model, LOG.users, items)
    order = items.encode(LOG.items.ids)
    history = pyrec.Interactions.from_scipy(LOG.to_scipy()[[5]], items=LOG.items)
    wide = np.zeros((1, len(items)), np.float32)
    wide[0, order] = LOG.to_scipy()[[5]].toarray()[0]
    rank = link.of_histories(pyrec.Interactions.from_scipy(sp.csr_array(wide)).csr, threads=1)
    rows, scores = rank.rank(np.zeros(1, np.int32), 6, Filter())
    expected = model.recommend_for_rows(history.csr, 6, exclude_seen=False)
    np.testing.assert_array_equal(rows[0], order[expected[0][0]])
    np.testing.assert_array_equal(scores, expected[1])


def test_the_first_items_share_what_is_known():
    from pyrec.models.side_information import with_items

    wider = with_items(LOG, pyrec.Vocabulary(["zz"]))
    known = first_items(wider, len(LOG.items))
    assert known.items == LOG.items
    assert np.shares_memory(known.csr.columns, LOG.csr.columns)
    assert first_items(wider, len(wider.items)) is wider
    assert Linked.of(pyrec.EASE().fit(known), LOG.users, wider.items).shares(wider)
