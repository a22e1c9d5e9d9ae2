import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import Interactions, Vocabulary
from pyrec.errors import DataError
from pyrec.features import Features
from pyrec.models.side_information import joined, require_columns


def some(ids, names=("a", "b")):
    return Features(Vocabulary(ids), np.ones((len(ids), len(names))), names)


@pytest.fixture
def bought():
    matrix = sp.csr_array([[1, 2, 0], [0, 3, 4]])
    users, items = Vocabulary(["ann", "bob"]), Vocabulary(["cup", "pot", "tea"])
    return Interactions.from_scipy(matrix, users=users, items=items)


def test_items_with_features_join_behind_those_with_interactions(bought):
    known, about = joined(bought, some(["pot", "can", "tea", "bag"]), "items")
    assert known.items.ids.tolist() == about.ids.ids.tolist() == ["cup", "pot", "tea", "bag", "can"]
    assert known.to_scipy().toarray().tolist() == [[1, 2, 0, 0, 0], [0, 3, 4, 0, 0]]
    assert about.matrix[:, 0].tolist() == [0, 1, 1, 1, 1]


def test_users_with_features_join_behind_those_with_interactions(bought):
    known, about = joined(bought, some(["eve", "bob"]), "users")
    assert known.users.ids.tolist() == about.ids.ids.tolist() == ["ann", "bob", "eve"]
    assert known.to_scipy().toarray().tolist() == [[1, 2, 0], [0, 3, 4], [0, 0, 0]]
    assert about.matrix[:, 0].tolist() == [0, 1, 1]


def test_without_features_nothing_changes(bought):
    assert joined(bought, None, "items") == (bought, None)


def test_features_of_nobody(bought):
    with pytest.raises(DataError, match="user_features: none of the 2 users with interactions"):
        joined(bought, some(["eve"]), "users")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a",), "about: lack the column 'b'; transform them with the pipeline"),
        (("a", "b", "c"), "about: have the column 'c', which the model was not fitted with"),
        (("b", "a"), "about: have their columns in another order"),
    ],
)
def test_columns_must_be_those_of_the_fit(names, message):
    require_columns(some(["x"]), ("a", "b"), "about")
    with pytest.raises(DataError, match=message):
        require_columns(some(["x"], names), ("a", "b"), "about")
