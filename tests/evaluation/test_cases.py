import hypothesis.strategies as st
import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis.extra import numpy as hnp
from stubs import GivenModel

from pyrec import Interactions, Vocabulary
from pyrec.evaluation.cases import Cases, rows_for


def dense(csr, width=None):
    arrays = (np.ones(csr.nnz), csr.columns, csr.offsets)
    full = sp.csr_array(arrays, shape=csr.shape).toarray()
    return full if width is None else full[:, :width]


@given(st.data())
def test_rows_for_users_and_items_of_another_numbering(data):
    """Any users in any order, with items in the rows of another vocabulary."""
    weights = data.draw(hnp.arrays(np.float32, (4, 5), elements=st.integers(0, 3).map(float)))
    items = data.draw(st.permutations(range(10, 15)))
    theirs = Interactions.from_scipy(
        sp.csr_array(weights), users=Vocabulary(range(4)), items=Vocabulary(items)
    )
    users = np.array(data.draw(st.lists(st.integers(0, 6), max_size=6, unique=True)), np.int64)
    ours = Vocabulary(data.draw(st.lists(st.integers(8, 16), min_size=1, unique=True)))
    found = rows_for(theirs, users, ours)
    assert found.shape == (len(users), len(ours))
    for row, user in enumerate(users):
        expected = {
            int(ours.encode(item)): 1.0 for j, item in enumerate(items)
            if user < 4 and item in ours and weights[user, j] > 0
        }  # fmt: skip
        assert {int(c): 1.0 for c in np.flatnonzero(dense(found)[row])} == expected


def test_histories_come_before_training():
    """User 0 was trained on, 1 has a history, 2 has both, 3 has nothing."""
    train = sp.csr_array([[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]])
    model = GivenModel(train, np.zeros((4, 3)))
    history = Interactions.from_scipy(sp.csr_array([[0, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0]]))
    test = Interactions.from_scipy(sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 1, 0], [0, 1, 0]]))
    cases = Cases.of(test, model, history, True)
    assert dense(cases.history).tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert cases.folded.tolist() == [False, True, True, False]
    assert cases.cold.tolist() == [False, False, False, True]
    assert cases.repeats.tolist() == [True, False, False, True, False, True, False]


def test_items_that_the_model_does_not_know_stand_behind_its_own():
    model = GivenModel(sp.csr_array([[1, 1]]), [[0, 0]])
    test = Interactions.from_scipy(
        sp.csr_array([[1, 1]]), users=Vocabulary([0]), items=Vocabulary([7, 1])
    )
    cases = Cases.of(test, model, None, True)
    assert cases.relevant.columns.tolist() == [1, 2]
    assert cases.repeats.tolist() == [True, False]


def test_only_keeps_users_who_still_have_pairs():
    model = GivenModel(sp.csr_array([[1, 0], [1, 0], [1, 0]]), np.zeros((3, 2)))
    test = Interactions.from_scipy(sp.csr_array([[1, 1], [0, 1], [1, 0]]))
    cases = Cases.of(test, model, None, True)
    left = cases.only(~cases.repeats, np.array([True, True, True]))
    assert left.users.tolist() == [0, 1]
    assert dense(left.relevant).tolist() == [[0, 1], [0, 1]]
    assert len(cases.only(~cases.repeats, np.array([False, False, True]))) == 0
