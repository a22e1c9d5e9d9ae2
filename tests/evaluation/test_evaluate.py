import numpy as np
import pytest
import reference
import scipy.sparse as sp
from stubs import ITEMS, USERS, FoldingModel, GivenModel, shop

import pyrec
from pyrec import Interactions, Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.data.moments import microseconds
from pyrec.errors import ConfigError, DataError, NotSupportedError
from pyrec.features import Features
from pyrec.preparation.split import TimeSplit, UserSplit, split

NAMES = ["precision", "recall", "recall_capped", "f1", "ndcg", "map", "mrr", "hit_rate"]


@pytest.fixture(scope="module", name="shop")
def shop_():
    return shop()


@pytest.fixture(scope="module")
def model(shop):
    return GivenModel(sp.csr_array(shop[0]), shop[2])


def ranked(scores, hidden, k):
    rows, _ = reference.top_k(scores, k, hidden)
    return rows


# ---- new pairs and repeats never mix -------------------------------------------------------------


@pytest.mark.parametrize("part", ["new", "repeat", "all"])
def test_each_part_is_judged_by_its_own_lists(shop, model, part):
    train, test, scores = shop
    wanted = {"new": test & ~train, "repeat": test & train, "all": test}[part]
    lists = ranked(scores, train if part == "new" else None, 10)
    report = pyrec.evaluate(model, sp.csr_array(test), metrics=NAMES, k=10, pairs=part)
    assert [one.name for one in report] == [part]
    users = np.flatnonzero(wanted.any(axis=1))
    np.testing.assert_array_equal(report.main.users, users)
    np.testing.assert_array_equal(report.main.pairs, wanted[users].sum(axis=1))
    expected = [
        reference.metrics(lists[u].tolist(), dict.fromkeys(np.flatnonzero(wanted[u]), 1.0), 10)
        for u in users
    ]
    for name in NAMES:
        values = [row[name] for row in expected]
        np.testing.assert_allclose(report.main.values[f"{name}@10"].values, values, rtol=1e-12)
        assert report[f"{name}@10"] == pytest.approx(np.mean(values), rel=1e-12)


def test_the_default_reports_new_pairs_and_repeats_apart(shop, model):
    train, test, _ = shop
    report = pyrec.evaluate(model, sp.csr_array(test))
    new, repeat = report
    assert (new.name, repeat.name) == ("new", "repeat")
    assert new.title == "new pairs, lists without what the user had before"
    assert repeat.title == "repeated pairs, lists of everything"
    assert new.pairs.sum() == (test & ~train).sum()
    assert repeat.pairs.sum() == (test & train).sum() == report.counts["repeated_pairs"]
    assert report.counts["pairs"] == test.sum()
    assert report.main is new
    assert report["recall@20"] == new["recall@20"] != repeat["recall@20"]


def test_without_repeats_there_is_one_part(shop, model):
    train, test, _ = shop
    report = pyrec.evaluate(model, sp.csr_array(test & ~train), metrics="recall@5")
    assert [part.name for part in report] == ["new"]
    with pytest.raises(ConfigError, match="no 'repeat' pairs were judged; there are 'new'"):
        report.part("repeat")


def test_what_counts_as_a_repeat_follows_what_is_hidden():
    """Someone viewed an item and bought it later: new, as long as views are not hidden."""
    users, items = Vocabulary.range(1), Vocabulary(["tea", "cup", "pot"])
    train = Interactions.from_scipy(sp.csr_array([[1, 1, 0]]), users=users, items=items)
    kinds = np.array([1, 3], np.uint32)  # tea was viewed, the cup viewed and bought
    train = Interactions(users, items, train.csr, kinds, ("view", "buy"))
    model = GivenModel(train, [[3, 2, 1]])
    test = Interactions.from_scipy(sp.csr_array([[1, 1, 0]]), users=users, items=items)

    strict = pyrec.evaluate(model, test, metrics="hit_rate@1", pairs=("new", "repeat"))
    assert [part.name for part in strict] == ["repeat"]
    report = pyrec.evaluate(model, test, metrics="hit_rate@1", exclude_seen="buy")
    assert report.part("new").pairs.tolist() == [1]
    assert report["hit_rate@1"] == 1.0
    assert report.part("repeat")["hit_rate@1"] == 0.0  # the list of everything starts with tea
    assert report.main.title.endswith("without what the user had before as buy")
    with pytest.raises(DataError, match=r"'by' is unknown.*'view', 'buy'"):
        pyrec.evaluate(model, test, exclude_seen=["by"])


def test_nothing_need_be_hidden(shop, model):
    train, test, scores = shop
    report = pyrec.evaluate(model, sp.csr_array(test), metrics="recall@5", exclude_seen=False)
    assert report.part("new").pairs.sum() == (test & ~train).sum()
    lists = ranked(scores, None, 5)
    wanted = test & ~train
    users = report.main.users
    hits = [len(set(lists[u]) & set(np.flatnonzero(wanted[u]))) / wanted[u].sum() for u in users]
    np.testing.assert_allclose(report.main.values["recall@5"].values, hits)


# ---- ids, cold users, cold items -----------------------------------------------------------------


def test_tests_with_ids_are_matched_by_id(shop, model):
    test = shop[1]
    expected = pyrec.evaluate(model, sp.csr_array(test), metrics=["ndcg@5", "rmse"])
    rng = np.random.default_rng(1)
    users, items = rng.permutation(USERS), rng.permutation(ITEMS)
    shuffled = Interactions.from_scipy(
        sp.csr_array(test[users][:, items]), users=Vocabulary(users), items=Vocabulary(items)
    )
    report = pyrec.evaluate(model, shuffled, metrics=["ndcg@5", "rmse"])
    for label in ("ndcg@5", "rmse"):
        assert report[label] == pytest.approx(expected[label], rel=1e-12)
    u, i = np.nonzero(test)
    events = pyrec.Events.from_ids(users=u, items=i)
    assert pyrec.evaluate(model, events, metrics="ndcg@5")["ndcg@5"] == expected["ndcg@5"]
    assert set(report.main.users.tolist()) == set(expected.main.users.tolist())


@pytest.fixture
def cold_shop():
    """User 'new' and item 'gift' were not in training; 'idle' was, without anything."""
    users, items = Vocabulary(["ann", "bob", "idle"]), Vocabulary(["cup", "pot", "tea"])
    train = sp.csr_array([[1, 0, 1], [0, 0, 1], [0, 0, 0]])
    model = GivenModel(Interactions.from_scipy(train, users=users, items=items), np.eye(3))
    test = pyrec.Events.from_ids(
        users=["bob", "bob", "idle", "new", "new"], items=["gift", "pot", "pot", "tea", "gift"]
    )
    return model, test


def test_cold_users_and_items_are_counted(cold_shop):
    model, test = cold_shop
    report = pyrec.evaluate(model, test, metrics=["recall@1", "hit_rate@1"])
    assert report.counts == {
        "users": 3,
        "pairs": 5,
        "repeated_pairs": 0,
        "cold_users": 2,
        "pairs_of_cold_users": 3,
        "pairs_of_cold_items": 4,  # nobody had a pot in training either
    }
    assert report.main.users.tolist() == ["bob"]
    assert report.main.pairs.tolist() == [2]
    assert report["recall@1"] == 0.5


def test_cold_users_may_count_with_an_empty_list_or_the_popular_items(cold_shop):
    model, test = cold_shop
    empty = pyrec.evaluate(model, test, metrics="recall@1", cold_users="empty")
    assert empty.main.per_user()["recall@1"].tolist() == [0.5, 0.0, 0.0]
    popular = pyrec.evaluate(model, test, metrics="recall@1", cold_users="popular")
    values = dict(zip(popular.main.users, popular.main.values["recall@1"].values, strict=True))
    assert values == {"bob": 0.5, "idle": 0.0, "new": 0.5}  # tea is what most people had


def test_pairs_of_cold_items_may_be_left_out():
    train, test = sp.csr_array([[1, 0, 0], [0, 1, 0]]), sp.csr_array([[0, 1, 1], [1, 0, 0]])
    model = GivenModel(train, [[0, 2, 1], [2, 0, 1]])
    kept = pyrec.evaluate(model, test, metrics="recall@1")
    assert kept.main.values["recall@1"].values.tolist() == [0.5, 1.0]
    dropped = pyrec.evaluate(model, test, metrics="recall@1", cold_items="drop")
    assert dropped.main.values["recall@1"].values.tolist() == [1.0, 1.0]
    assert dropped.counts == kept.counts


# ---- held-out users ------------------------------------------------------------------------------


def test_held_out_users_are_judged_by_their_histories(shop):
    train, test, _ = shop
    similar = np.random.default_rng(4).integers(0, 5, (ITEMS, ITEMS)).astype(np.float32)
    learnt, history = train.copy(), train.copy()
    learnt[20:], history[:20] = False, False
    test = test.copy()
    test[:20] = False
    model = FoldingModel(sp.csr_array(learnt), similar)
    report = pyrec.evaluate(
        model, sp.csr_array(test), histories=sp.csr_array(history), metrics=["ndcg@5"]
    )
    whole = pyrec.evaluate(FoldingModel(sp.csr_array(train), similar), sp.csr_array(test),
                           metrics=["ndcg@5"])  # fmt: skip
    assert report.counts["users_with_given_histories"] == report.counts["users"]
    for part in ("new", "repeat"):
        np.testing.assert_array_equal(
            report.part(part).values["ndcg@5"].values, whole.part(part).values["ndcg@5"].values
        )
    rigid = GivenModel(sp.csr_array(learnt), np.zeros((USERS, ITEMS)))
    with pytest.raises(NotSupportedError, match="given: this model cannot recommend for users who"):
        pyrec.evaluate(rigid, sp.csr_array(test), histories=sp.csr_array(history))
    with pytest.raises(NotSupportedError, match="'auc' needs the scores of single pairs"):
        pyrec.evaluate(model, sp.csr_array(test), histories=sp.csr_array(history), metrics="auc")
    popular = pyrec.Popularity().fit(sp.csr_array(learnt))
    judged = pyrec.evaluate(popular, sp.csr_array(test), histories=sp.csr_array(history),
                            metrics="recall@3", pairs="new")  # fmt: skip
    lists = ranked(np.tile(learnt.sum(axis=0), (USERS, 1)), train, 3)
    wanted = test & ~train
    for user, value in zip(judged.main.users, judged.main.values["recall@3"].values, strict=True):
        hits = set(lists[user]) & set(np.flatnonzero(wanted[user]))
        assert value == len(hits) / wanted[user].sum()


def test_a_split_brings_its_histories_and_its_description_along():
    rng = np.random.default_rng(9)
    users, items = np.divmod(rng.choice(USERS * ITEMS, 500, replace=False), ITEMS)
    log = pyrec.Events.from_ids(users=users, items=items)
    cut = split(log, UserSplit(ratio=0.3, share=0.4))
    similar = rng.random((ITEMS, ITEMS))
    model = FoldingModel(cut.train.aggregate(), similar)
    report = pyrec.evaluate(model, cut, metrics="ndcg@5")
    assert report.counts["users_with_given_histories"] == report.counts["users"] == 12
    assert report.protocol["split"] == cut.description
    apart = pyrec.evaluate(model, cut.test, histories=cut.histories, metrics="ndcg@5")
    assert report.to_dict()["parts"] == apart.to_dict()["parts"]


# ---- bad input -----------------------------------------------------------------------------------


def test_tests_that_do_not_fit_are_named(model, shop):
    test = sp.csr_array(shop[1])
    for wrong, message in [
        (test.T, r"test: is \(30, 40\), the model has 40 users and 30 items; is it transposed\?"),
        (test[:5], r"test: is \(5, 30\), the model has 40 users"),
        (sp.csr_array((USERS, ITEMS)), "test: there are no pairs to judge on"),
        (test.toarray(), "test: must be a scipy sparse matrix"),
        (pyrec.Events.from_ids(users=[777], items=[1]),
         "none of its 1 users is known to the model; the first is 777, the model's first 0"),
        (pyrec.Events.from_ids(users=["ann"], items=[1]),
         "test users: the vocabulary holds integers, these are strings"),
        (pyrec.Events.from_ids(users=[1], items=["tea"]), "test items: the vocabulary holds int"),
        (pyrec.Events.from_ids(users=[1], items=[99]), "none of its 1 items is known"),
    ]:  # fmt: skip
        with pytest.raises(DataError, match=message):
            pyrec.evaluate(model, wrong)
    with pytest.raises(DataError, match=r"candidates: is \(40, 2\), the model has 40 users"):
        pyrec.evaluate(model, test, candidates=sp.csr_array((USERS, 2)))
    with pytest.raises(DataError, match=r"histories: is \(1, 30\), the model has"):
        pyrec.evaluate(model, test, histories=sp.csr_array((1, ITEMS)))
    with pytest.raises(DataError, match="nothing to judge among repeat pairs: 40 users"):
        pyrec.evaluate(model, sp.csr_array(shop[1] & ~shop[0]), pairs="repeat")


def test_only_a_fitted_model_is_judged(shop):
    test = sp.csr_array(shop[1])
    with pytest.raises(NotSupportedError, match="Popularity is not fitted: use model = "):
        pyrec.evaluate(pyrec.Popularity(), test)
    with pytest.raises(DataError, match=r"model: must be a fitted one, .* not csr_array"):
        pyrec.evaluate(test, test)


def test_cutoffs_beyond_the_catalogue(shop, model):
    report = pyrec.evaluate(
        model, sp.csr_array(shop[1]), k=10**8, metrics=["recall", "ndcg", "map"]
    )
    whole = pyrec.evaluate(model, sp.csr_array(shop[1]), k=ITEMS, metrics=["recall", "ndcg", "map"])
    for ours, theirs in zip(report.main.values.values(), whole.main.values.values(), strict=True):
        np.testing.assert_array_equal(ours.values, theirs.values)
    assert report["recall@100000000"] == 1.0


def test_one_user_and_one_item():
    report = pyrec.evaluate(GivenModel(sp.csr_array([[1.0]]), [[2.0]]), sp.csr_array([[1.0]]),
                            metrics=["recall@3", "auc", "gini@3", "novelty@3"])  # fmt: skip
    assert [part.name for part in report] == ["repeat"]
    assert report["recall@3"] == 1.0
    assert report.to_dict()["parts"][0]["metrics"]["auc"]["mean"] is None


def test_groups_and_features_come_by_id():
    rng = np.random.default_rng(0)
    pairs = sp.csr_array(rng.random((20, 12)) < 0.3, dtype=np.float32)
    model = pyrec.Popularity().fit(pairs)
    test = sp.csr_array((rng.random((20, 12)) < 0.3) & ~pairs.toarray().astype(bool)) * 1.0
    shelf = pyrec.Vocabulary(np.arange(11, -1, -1))  # not in the order of the model
    kinds = np.array(["tea", "cup", "pot"])[shelf.ids % 3]
    catalogue = Catalogue(shelf, {"kind": kinds})
    features = Features(shelf, np.eye(3)[shelf.ids % 3], ("0", "1", "2"))
    metrics = ["ild@4", "ild:kind@4", "miscalibration:kind@4", "least_exposure:kind@4"]
    report = pyrec.evaluate(
        model, test, metrics=metrics, pairs="all", catalogue=catalogue, features=features
    )
    top = model.recommend(model.users.ids[:1], k=4, exclude_seen=False).rows[0]
    expected = np.mean([a % 3 != b % 3 for i, a in enumerate(top) for b in top[:i]])
    assert report["ild@4"] == pytest.approx(expected)
    assert report["ild:kind@4"] == pytest.approx(expected)
    assert report["least_exposure:kind@4"] == np.bincount(top % 3, minlength=3).min() / 4
    assert report["miscalibration:kind@4"] > 0
    shown = np.zeros(12, int)
    shown[top] = len(report.main.users)
    np.testing.assert_array_equal(report.main.shown, shown)
    with pytest.raises(DataError, match="catalogue: there is no column 'colour'"):
        pyrec.evaluate(model, test, metrics="gini:colour", catalogue=catalogue)
    with pytest.raises(DataError, match="ild@20: needs features"):
        pyrec.evaluate(model, test, metrics="ild", catalogue=catalogue)


def test_rules_that_follow_the_clock_are_those_of_the_split():
    log = pyrec.Events.from_ids(
        users=[1, 1, 2, 3, 2, 3], items=["a", "b", "a", "c", "b", "b"],
        timestamps=np.datetime64("2026-01-01") + np.arange(6),
    )  # fmt: skip
    starts = np.array(["", "2026-01-05", ""])
    table = Catalogue(log.items, {"valid_from": starts, "valid_until": np.array([""] * 3)})
    options = {"metrics": "recall@1", "pairs": "new"}
    for at, recall in (("2026-01-05", 1.0), ("2026-01-06", 1.0)):
        cut = split(log, TimeSplit(at=at))
        assert cut.moment == microseconds(at)
        model = pyrec.Popularity().fit(cut.train)
        rules = pyrec.Rules(where=pyrec.valid_at() & pyrec.where("valid_from").equals("2026-01-05"))
        rules = rules.compile(table, model.items)
        assert pyrec.evaluate(model, cut, rules=rules, **options)["recall@1"] == recall
        early = rules.at("2026-01-04")
        assert pyrec.evaluate(model, cut, rules=early, **options)["recall@1"] == 0
    with pytest.raises(DataError, match=r"rules: follow the clock, .* rules\.at\(moment\)"):
        pyrec.evaluate(model, cut.test, rules=rules, **options)
    with pytest.raises(DataError, match=r"rules: .*compile"):
        pyrec.evaluate(model, cut, rules=pyrec.Rules(), **options)
