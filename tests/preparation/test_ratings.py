import numpy as np
import pytest

from pyrec import ALS, read_events
from pyrec.data.events import Events
from pyrec.errors import ConfigError, DataError
from pyrec.evaluation.metrics import measure
from pyrec.preparation.ratings import Ratings, ratings_as_kinds
from pyrec.preparation.split import RandomSplit, split


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


@pytest.mark.real_data
def test_likes_told_from_dislikes_show_fewer_dislikes_and_foresee_more_likes(real_data):
    rated = read_events(
        real_data / "ml-1m" / "ratings.csv.gz", user="user", item="movie", weight="rating"
    )
    kinds = ratings_as_kinds(rated, Ratings(like=4, dislike=2))
    assert np.bincount(kinds.kinds).tolist() == [163_731, 261_197, 575_281]
    cut = split(kinds, RandomSplit(ratio=0.2))
    found = {}
    for factor in (-0.3, 1.0):
        weights = {"like": 1, "indifferent": 0.3, "dislike": factor}
        model = ALS(factors=16, iterations=6).fit(cut.train.aggregate(kind_weights=weights))
        rows = model.recommend(model.users.ids, 20, unknown="popular").rows
        found[factor] = [
            np.nanmean(
                measure(rows, cut.test.only(kind).aggregate().to_scipy(), "recall")["recall@20"]
            )
            for kind in ("like", "dislike")
        ]
    assert found[-0.3][0] > found[1.0][0] + 0.005
    assert found[-0.3][1] < 0.75 * found[1.0][1]
