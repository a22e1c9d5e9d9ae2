import contract
import numpy as np
import pytest
from models.test_content import about
from models.test_segment_popularity import parity

import pyrec
from pyrec import ContentKNN, Fallback, ItemKNN, Popularity, SegmentPopularity
from pyrec.errors import DataError


@pytest.fixture(scope="module")
def links():
    log = contract.shop()
    catalogue = about(log.items.extend([f"new{i}" for i in range(5)]))
    return {
        "personal": ItemKNN(neighbors=1).fit(log),
        "content": ContentKNN(neighbors=3).fit(log, item_features=catalogue),
        "segment": SegmentPopularity().fit(log, user_segments=parity(["u01", "u02", "x77"])),
        "popular": Popularity().fit(log),
    }


@pytest.fixture(scope="module")
def chain(links):
    return Fallback(links)


@pytest.mark.parametrize("k", [1, 4, 30])
def test_each_list_is_filled_by_the_next_without_repeats(chain, links, k):
    users = ["u01", "u02", "u07", "u00", "x77", "nobody"]
    ranking = chain.recommend(users, k=k)
    assert ranking.rows.shape == ranking.places.shape == ranking.sources.shape == (6, k)
    for user, ids, sources in zip(
        users, ranking.ids.tolist(), ranking.sources.tolist(), strict=True
    ):
        expected = []
        for name, model in links.items():
            unknown = "empty" if model.personal else "popular"
            found = model.recommend(user, k=k, unknown=unknown).ids.tolist()
            have = {item for item, _ in expected}
            expected += [(i, name) for i in found if i is not None and i not in have]
        expected += [(None, None)] * k
        assert list(zip(ids, sources, strict=True)) == expected[:k]


def test_who_answers_whom(chain):
    ranking = chain.recommend(["u07", "x77", "nobody"], k=3)
    assert ranking.sources[:, 0].tolist() == ["personal", "segment", "popular"]
    long = chain.recommend("u07", k=40)
    assert list(dict.fromkeys(long.sources[: int(long.counts)].tolist())) == [
        "personal", "content", "popular"
    ]  # fmt: skip
    assert set(long.ids.tolist()) & {f"new{i}" for i in range(5)}
    columns = chain.recommend(["nobody"], k=2).to_columns()
    assert columns["source"].tolist() == ["popular", "popular"]


def test_filters_hold_for_every_link(chain):
    some = ["i03", "i04", "new1"]
    ranking = chain.recommend(["u07", "nobody"], k=5, items=some, exclude=["i04"])
    assert set(ranking.ids.ravel().tolist()) <= {"i03", "new1", None}
    own = chain.recommend(["u07", "nobody"], k=2, items=[["new1"], ["i04"]], exclude_seen=False)
    assert own.ids.tolist() == [["new1", None], ["i04", None]]
    nothing = chain.recommend("u07", k=2, items=[])
    assert nothing.counts == 0
    assert nothing.sources.tolist() == [None, None]


def test_chains_that_will_not_do(links):
    with pytest.raises(DataError, match="there are none; give at least one"):
        Fallback([])
    with pytest.raises(DataError, match="names must differ"):
        Fallback([links["popular"], links["popular"]])
    with pytest.raises(DataError, match="models: must be of type Model, not Popularity; fit"):
        Fallback([pyrec.Popularity()])
    with pytest.raises(DataError, match="k: must be a whole number"):
        Fallback(links).recommend("u01", k=0)


def test_scores_are_those_of_the_model_that_gave_the_entry(chain, links):
    ranking = chain.recommend("u07", k=40)
    for item, score, source in zip(ranking.ids, ranking.scores, ranking.sources, strict=True):
        if item is not None:
            assert np.float32(links[source].score("u07", item)) == score
