import json

import numpy as np
import pytest
import reference
import scipy.sparse as sp
from stubs import FoldingModel, GivenModel

import pyrec
from pyrec import Interactions, Vocabulary
from pyrec.errors import ConfigError, DataError, NotSupportedError, NumericalError
from pyrec.evaluation.results import Report

USERS, ITEMS = 40, 30
NAMES = ["precision", "recall", "recall_capped", "f1", "ndcg", "map", "mrr", "hit_rate"]


@pytest.fixture(scope="module")
def shop():
    """Training and test as dense masks, with repeats, and scores with ties."""
    rng = np.random.default_rng(11)
    train = rng.random((USERS, ITEMS)) < 0.3
    test = rng.random((USERS, ITEMS)) < 0.15
    scores = rng.integers(0, 6, (USERS, ITEMS)).astype(np.float32)
    return train, test, scores


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


# ---- candidates ----------------------------------------------------------------------------------


def test_candidates_are_all_that_is_ranked(shop, model):
    train, test, scores = shop
    rng = np.random.default_rng(3)
    wanted = test & ~train
    among = wanted | (rng.random(test.shape) < 0.3)
    report = pyrec.evaluate(
        model, sp.csr_array(wanted), metrics=["hit_rate@3", "auc"], candidates=sp.csr_array(among)
    )
    lists = ranked(scores, ~among | train, 3)
    users = report.main.users
    expected = [bool(set(lists[u]) & set(np.flatnonzero(wanted[u]))) for u in users]
    np.testing.assert_array_equal(report.main.values["hit_rate@3"].values, expected)
    pool = among & ~train
    areas = [
        reference.auc({i: scores[u, i] for i in np.flatnonzero(pool[u])},
                      set(np.flatnonzero(wanted[u]))) for u in users
    ]  # fmt: skip
    np.testing.assert_allclose(report.main.values["auc"].values, areas)
    assert report.counts["pairs_outside_candidates"] == 0
    assert report.protocol["candidates"] is True


def test_test_pairs_outside_the_candidates_are_counted(shop, model):
    test = sp.csr_array(shop[1])
    report = pyrec.evaluate(model, test, metrics="recall@3", candidates=sp.csr_array(test.shape))
    assert report.counts["pairs_outside_candidates"] == test.nnz
    assert report["recall@3"] == 0.0


def test_candidates_with_ids_are_matched_by_id(shop, model):
    train, test, _ = shop
    wanted = test & ~train
    by_row = pyrec.evaluate(
        model, sp.csr_array(wanted), metrics="mrr", candidates=sp.csr_array(test)
    )
    order = np.random.default_rng(0).permutation(ITEMS)
    shuffled = Interactions.from_scipy(
        sp.csr_array(test[:, order]), users=Vocabulary.range(USERS), items=Vocabulary(order)
    )
    by_id = pyrec.evaluate(model, sp.csr_array(wanted), metrics="mrr", candidates=shuffled)
    assert by_id["mrr@20"] == by_row["mrr@20"]


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


# ---- scores and ratings --------------------------------------------------------------------------


def test_auc_is_over_everything_that_could_be_ranked(shop, model, monkeypatch):
    train, test, scores = shop
    monkeypatch.setattr("pyrec.evaluation.trial._PAIRS_AT_ONCE", 7 * ITEMS)
    report = pyrec.evaluate(model, sp.csr_array(test), metrics=["auc"])
    for part, pool, wanted in (
        ("new", ~train, test & ~train), ("repeat", np.ones_like(train), test & train)
    ):  # fmt: skip
        found = report.part(part)
        expected = [
            reference.auc({i: scores[u, i] for i in np.flatnonzero(pool[u])},
                          set(np.flatnonzero(wanted[u]))) for u in found.users
        ]  # fmt: skip
        np.testing.assert_allclose(found.values["auc"].values, expected, rtol=1e-12)


def test_errors_of_ratings_are_over_all_pairs(shop, model):
    train, test, scores = shop
    ratings = np.where(test & ~train, np.random.default_rng(2).integers(1, 6, test.shape), 0)
    report = pyrec.evaluate(model, sp.csr_array(ratings), metrics=["rmse", "mae"])
    errors = (scores - ratings)[ratings > 0]
    assert report["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-12)
    assert report["mae"] == pytest.approx(np.mean(np.abs(errors)), rel=1e-12)
    assert report.main.estimate("rmse").low < report["rmse"] < report.main.estimate("rmse").high


# ---- the report ----------------------------------------------------------------------------------


def test_same_report_for_any_thread_count(shop, model):
    test = sp.csr_array(shop[1])
    options = dict(metrics=["ndcg@5", "map@10", "auc", "novelty@3", "gini@3"], random_state=5)
    first = pyrec.evaluate(model, test, **options, threads=1)
    for threads in (2, 7):
        again = pyrec.evaluate(model, test, **options, threads=threads)
        assert again.to_dict() == first.to_dict()


def test_the_report_can_be_read_by_people_and_programs(shop, model):
    report = pyrec.evaluate(model, sp.csr_array(shop[1]), metrics=["recall@5", "coverage@5"])
    assert isinstance(report, Report)
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    main = plain["parts"][0]
    assert main["name"] == "new"
    assert main["users"] == len(report.main.users)
    assert set(main["metrics"]["recall@5"]) == {"mean", "low", "high", "users"}
    assert main["metrics"]["coverage@5"]["low"] is None
    assert plain["protocol"]["definitions"]["recall@5"].startswith("Hits among the first k, over")
    assert plain["protocol"]["exclude_seen"] is True
    assert plain["model"] == {"name": "given", "parameters": {}}
    table = str(report)
    for text in ("given, judged on 40 users", "new pairs, lists without", "recall@5", "95%",
                 "repeated pairs, lists of everything"):  # fmt: skip
        assert text in table
    columns = report.main.per_user()
    assert list(columns) == ["user", "pairs", "recall@5"]
    with pytest.raises(ConfigError, match="'ndcg@5' was not measured; there are 'recall@5'"):
        report["ndcg@5"]


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(k=0), "k: expected `int` >= 1"),
        (dict(metrics=["recal@5"]), "'recal' is no metric; did you mean 'recall'"),
        (dict(metrics=[]), "metrics: name at least one"),
        (dict(pairs="old"), "pairs: invalid enum value 'old'"),
        (dict(pairs=()), "pairs: expected `array` of length >= 1"),
        (dict(cold_users="drop"), "cold_users: invalid enum value 'drop'"),
        (dict(cold_items=None), "cold_items: expected `str`, got `null`"),
        (dict(resamples=-1), "resamples: expected `int` >= 0"),
        (dict(random_state=1.5), "random_state: expected `int`, got `float`"),
        (dict(exclude_seen=3), "exclude_seen: expected"),
    ],
)
def test_wrong_options_are_named(model, shop, options, message):
    with pytest.raises(ConfigError, match=message):
        pyrec.evaluate(model, sp.csr_array(shop[1]), **options)


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


def test_scores_that_are_not_numbers_are_named(shop):
    train, test, scores = shop
    scores = scores.copy()
    scores[3, 7] = np.nan
    wanted = test.copy()
    wanted[3, 7] = True
    model = GivenModel(sp.csr_array(train & ~wanted), scores)
    for metrics in ("auc", "mae"):
        with pytest.raises(NumericalError, match="given: scores item 7 for user 3 as NaN"):
            pyrec.evaluate(model, sp.csr_array(wanted), metrics=metrics)

    class Broken(GivenModel):
        def _top_k(self, user_rows, k, exclude, allowed, threads):
            rows, scores = super()._top_k(user_rows, k, exclude, allowed, threads)
            scores[0, 0] = np.nan
            return rows, scores

    with pytest.raises(NumericalError, match=r"given: scores item \d+ for user 0 as NaN"):
        pyrec.evaluate(Broken(sp.csr_array(train), shop[2]), sp.csr_array(test))


def test_one_user_and_one_item():
    report = pyrec.evaluate(GivenModel(sp.csr_array([[1.0]]), [[2.0]]), sp.csr_array([[1.0]]),
                            metrics=["recall@3", "auc", "gini@3", "novelty@3"])  # fmt: skip
    assert [part.name for part in report] == ["repeat"]
    assert report["recall@3"] == 1.0
    assert report.to_dict()["parts"][0]["metrics"]["auc"]["mean"] is None
