import contract
import numpy as np
import pytest
import scipy.sparse as sp
from models.test_content import about
from models.test_segment_popularity import parity

import pyrec
from pyrec import ContentKNN, Fallback, ItemKNN, Popularity, SegmentPopularity
from pyrec.errors import ConfigError, DataError, NotSupportedError, UnknownIdError

FOUR = Fallback(
    links=[
        ItemKNN(neighbors=1),
        {"name": "content_knn", "neighbors": 3},
        SegmentPopularity(),
        Popularity(),
    ],
    names=["personal", "content", "segment", "popular"],
)


class TestContract(contract.ModelContract):
    """As of any model, but for the order within lists, which is that of the links first."""

    @pytest.fixture(
        scope="class",
        params=[Fallback(links=[pyrec.EASE(), Popularity()]), FOUR, Fallback(links=[pyrec.ALS()])],
        ids=["two", "four", "one"],
    )
    @classmethod
    def estimator(cls, request):
        return request.param

    def fit(self, estimator, data):
        items = getattr(data, "items", None) or pyrec.Vocabulary.range(data.shape[1])
        users = getattr(data, "users", None) or pyrec.Vocabulary.range(data.shape[0])
        segments = parity(users.ids.tolist())
        return estimator.fit(data, item_features=about(items), user_segments=segments)

    def test_a_batch_is_a_matrix_of_ranked_lists(self, model):
        ranking = model.recommend(model.users.ids[1:20], k=30)
        for rows, scores, places in zip(ranking.rows, ranking.scores, ranking.places, strict=True):
            n = int(np.sum(rows >= 0))
            keys = list(zip(places[:n], -scores[:n], rows[:n], strict=True))
            assert keys == sorted(keys), "link by link, score descending, then row ascending"
            assert len(set(rows[:n])) == n
            assert (rows[n:] == -1).all()
            assert (places[n:] == -1).all()

    def test_unknown_users(self, model):
        with pytest.raises(UnknownIdError, match="nobody"):
            model.recommend("nobody", unknown="raise")
        assert model.recommend(["nobody", "u01"], k=4, unknown="empty").counts.tolist() == [0, 4]
        popular = 0 if model.personal else 4
        assert model.recommend(["nobody", "u01"], k=4).counts.tolist() == [popular, 4]
        with pytest.raises(DataError, match="unknown: must be"):
            model.recommend("u01", unknown="guess")

    def test_a_user_without_history(self, model):
        assert model.recommend("u00", k=4).counts == (0 if model.personal else 4)

    def test_one_user_and_one_item(self):
        model = Fallback(links=[ItemKNN(), Popularity()]).fit(sp.csr_array([[1.0]]))
        assert model.recommend(0, k=3).counts == 0
        assert model.recommend(0, k=3, exclude_seen=False).counts == 1


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
    return Fallback.of(links)


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
        Fallback.of([])
    with pytest.raises(ConfigError, match="names: must differ, but are popularity, popularity"):
        Fallback.of([links["popular"], links["popular"]])
    with pytest.raises(DataError, match="models: must be of type Model, not Popularity; fit"):
        Fallback.of([pyrec.Popularity()])
    with pytest.raises(DataError, match="k: must be a whole number"):
        Fallback.of(links).recommend("u01", k=0)


def test_scores_are_those_of_the_model_that_gave_the_entry(chain, links):
    ranking = chain.recommend("u07", k=40)
    for item, score, source in zip(ranking.ids, ranking.scores, ranking.sources, strict=True):
        if item is not None:
            assert np.float32(links[source].score("u07", item)) == score


def test_fitted_together_they_answer_as_fitted_each_by_itself(chain, tmp_path):
    log = contract.shop()
    catalogue = about(log.items.extend([f"new{i}" for i in range(5)]))
    model = FOUR.fit(log, item_features=catalogue, user_segments=parity(["u01", "u02", "x77"]))
    assert model.links == chain.links
    assert len(model.models[0].items) == len(log.items), "new items are for those who know them"
    model.save(tmp_path / "model")
    users = ["u01", "u02", "u07", "u00", "x77", "nobody"]
    expected = chain.recommend(users, k=40)
    for found in (model, pyrec.load(tmp_path / "model")):
        lists = found.recommend(users, k=40)
        assert lists.ids.tolist() == expected.ids.tolist()
        assert lists.sources.tolist() == expected.sources.tolist()
        np.testing.assert_array_equal(lists.scores, expected.scores)


def test_what_is_missing_is_said_by_the_link_that_needs_it(links, chain, tmp_path):
    with pytest.raises(DataError, match="item_features: content is all that this model has"):
        FOUR.fit(contract.shop())
    with pytest.raises(ConfigError, match="links: transitions learns from events in their order"):
        Fallback(links=[pyrec.Transitions(), Popularity()]).fit(contract.shop())
    with pytest.raises(ConfigError, match=r"links\[1\].name: 'popular' is no model"):
        Fallback(links=[Popularity(), {"name": "popular"}])
    with pytest.raises(ConfigError, match="names: there are 1 for 2 links"):
        Fallback(names=["only"])
    with pytest.raises(NotSupportedError, match="the link 'personal' was fitted on other data"):
        chain.save(tmp_path / "model")


def test_a_history_without_a_user_goes_through_the_chain(chain, links):
    history = ["i01", "i03"]
    lists = chain.recommend_for(history, k=40)
    first = links["personal"].recommend_for(history, k=40)
    n = int(first.counts)
    assert lists.ids[:n].tolist() == first.ids[:n].tolist()
    assert set(lists.ids.tolist()) & {f"new{i}" for i in range(5)}, "content knows new items"


def test_it_is_judged_like_any_model(chain):
    test = pyrec.Interactions.from_scipy(
        contract.shop(1).to_scipy(), users=contract.shop().users, items=contract.shop().items
    )
    report = pyrec.evaluate(chain, test, metrics=["ndcg@10", "auc"], pairs="new")
    assert report["ndcg@10"] > 0.1
