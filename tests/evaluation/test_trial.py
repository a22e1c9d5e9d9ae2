"""How lists and scores come about: candidates, all items, single pairs."""

import numpy as np
import pytest
import reference
import scipy.sparse as sp
from stubs import ITEMS, USERS, GivenModel, shop

import pyrec
from pyrec import Interactions, Vocabulary
from pyrec.data.bits import unpack
from pyrec.errors import NumericalError
from pyrec.evaluation.cases import Cases
from pyrec.evaluation.protocol import Protocol
from pyrec.evaluation.trial import Trial
from pyrec.models.query import Filter
from pyrec.preparation.split import TimeSplit, split
from pyrec.rerank import Context, PopularityControl, RerankedModel


@pytest.fixture(scope="module", name="shop")
def shop_():
    return shop()


@pytest.fixture(scope="module")
def model(shop):
    return GivenModel(sp.csr_array(shop[0]), shop[2])


def ranked(scores, hidden, k):
    rows, _ = reference.top_k(scores, k, hidden)
    return rows


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


def test_candidates_for_everybody_are_the_same_for_each(shop):
    model, test = pyrec.ItemKNN().fit(sp.csr_array(shop[0])), sp.csr_array(shop[1])
    some = np.unique(test.indices)[::2]
    each = np.zeros(test.shape)
    each[:, some] = 1
    asked = dict(metrics=["recall@3", "auc"], cold_users="popular")
    alike, apart = (
        pyrec.evaluate(model, test, candidates=among, **asked)
        for among in (pyrec.Vocabulary(some), sp.csr_array(each))
    )
    assert alike.to_dict() == apart.to_dict()
    assert alike.counts["pairs_outside_candidates"] > 0


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


@pytest.mark.parametrize("reranked", [False, True])
def test_judged_lists_are_those_that_a_shop_shows(reranked):
    shop = pyrec.simulate_shop(users=80, items=60, days=40)
    cut = split(shop.events, TimeSplit())
    model = pyrec.ItemKNN().fit(cut.train)
    names = {user: ["cheap", "dear", None][at % 3] for at, user in enumerate(model.users.ids)}
    rules = pyrec.Rules(
        where=pyrec.where("price") < 30,
        segments={"cheap": pyrec.where("price") < 12, "dear": pyrec.where("price") > 6},
        caps={"category": 2},
        pinned={3: model.items.ids[1]},
        boosts=[pyrec.Boost(pyrec.where("price") < 5, times=1.3)],
        repeatable=pyrec.where("category").isin(["Chocolate"]),
    ).compile(shop.catalogue, model.items)
    if reranked:
        steps = PopularityControl(weight=0.5)
        context = Context.of(model)
        model = RerankedModel(model, steps, context, candidates=20)
    cases = Cases.of(cut.test.aggregate(), model, None, True)
    cases = cases.only(np.ones(cases.relevant.nnz, bool), cases.user_rows >= 0)
    trial = Trial(model, Protocol(), rules=rules.of_people(names))
    expected = model.recommend(
        cases.users, 5, rules=rules.per_user([names[user] for user in cases.users.tolist()])
    )
    found = trial.rank(cases, Filter(cases.hidden), 5)
    np.testing.assert_array_equal(found, expected.rows)
    plain = Trial(model, Protocol()).rank(cases, Filter(cases.hidden), 5)
    np.testing.assert_array_equal(plain, model.recommend(cases.users, 5).rows)
    forbidden = trial.counts(cases)["pairs_that_rules_forbid"]
    bare = rules.allowed
    slow = 0
    for row, user in enumerate(cases.users.tolist()):
        for item in cases.relevant.columns[slice(*cases.relevant.offsets[row : row + 2])].tolist():
            may = unpack(bare, len(model.items))[item]
            if names[user]:
                may &= unpack(rules.segments[names[user]], len(model.items))[item]
            slow += not may
    assert forbidden == slow > 0
