import numpy as np
import pytest

from pyrec.data.events import Events
from pyrec.errors import ConfigError, DataError
from pyrec.preparation.ratings import Ratings, ratings_as_kinds


def test_ratings_become_kinds_of_weight_1():
    ratings = np.array([1, 2, 2.5, 3, 4, 5], np.float32)
    log = Events.from_ids(users=range(6), items=range(6), weights=ratings, timestamps=range(6))
    found = ratings_as_kinds(log, Ratings(like=4, dislike=2))
    names = [found.kind_names[code] for code in found.kinds]
    assert names == ["dislike", "dislike", "indifferent", "indifferent", "like", "like"]
    assert found.weights is None
    np.testing.assert_array_equal(found.timestamps, log.timestamps)
    assert len(found.only("like")) == 2


def test_what_has_no_ratings_is_refused():
    plain = Events.from_ids(users=[1], items=[2])
    with pytest.raises(DataError, match="ratings: the events have no weights"):
        ratings_as_kinds(plain, Ratings(like=4, dislike=2))
    kinds = Events.from_ids(users=[1], items=[2], kinds=["view"], weights=[3])
    with pytest.raises(DataError, match="have kinds already"):
        ratings_as_kinds(kinds, Ratings(like=4, dislike=2))
    with pytest.raises(ConfigError, match="dislike: must be below like, 3, not 3"):
        Ratings(like=3, dislike=3)
