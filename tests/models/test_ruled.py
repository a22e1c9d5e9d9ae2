"""Rules against the plain way: the whole order of a model, filtered and walked in Python."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import pyrec
from pyrec.data.bits import bits_at, unpack
from pyrec.data.catalogue import Catalogue
from pyrec.data.interactions import as_csr
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.models.query import Filter
from pyrec.models.ruled import PINNED, Link, chained, ranked
from pyrec.rules.allowed import Allowed
from pyrec.rules.predicates import where
from pyrec.rules.rules import Boost, Rules

N, M = 6, 40
ITEMS = Vocabulary(np.arange(M))
RNGS = [np.random.default_rng(seed) for seed in (1, 2)]


def shop(seed=0, brands=5):
    rng = np.random.default_rng(seed)
    columns = {
        "brand": rng.integers(-1, brands, M).astype(np.float64),
        "kind": rng.integers(0, 3, M).astype(np.float64),
        "price": rng.integers(1, 20, M).astype(np.float64),
    }
    columns["brand"][columns["brand"] < 0] = np.nan
    return Catalogue(ITEMS, columns)


def ranker(scores, seen=None):
    """A model of given scores, -inf for what it does not reach."""

    def rank(at, k, filter_):
        rows, best = np.full((len(at), k), -1, np.int32), np.full((len(at), k), -np.inf, np.float32)
        if seen is not None:
            filter_ = filter_.hiding(as_csr(sp.csr_array(seen[at])))
        for i, query in enumerate(at):
            may = np.isfinite(scores[query])
            if filter_.allowed is not None:
                may &= unpack(filter_.allowed, M)
            for pattern, keep in ((filter_.exclude, False), (filter_.candidates, True)):
                if pattern is not None:
                    named = np.zeros(M, bool)
                    named[pattern.columns[slice(*pattern.offsets[i : i + 2])]] = True
                    may &= named == keep
            order = np.lexsort((np.arange(M), -scores[query]))
            order = order[may[order]][:k]
            rows[i, : len(order)], best[i, : len(order)] = order, scores[query][order]
        return rows, best

    return rank


def greedy(order, k, groups, most, pins=()):
    """Walk (row, score) pairs from the best on; pins are (row, score, place)."""
    kept = [(row, score) for row, score, _ in pins]
    for row, score in order:
        if len(kept) == k:
            break
        if row in [kept_row for kept_row, _ in kept]:
            continue
        for of, limit in zip(groups, most, strict=True):
            same = sum(of[other] == of[row] for other, _ in kept)
            if of[row] >= 0 and same >= limit:
                break
        else:
            kept.append((row, score))
    free = kept[len(pins) :]
    by_place = {place: (row, score) for row, score, place in pins}
    listed = []
    while free or by_place:
        place = len(listed)
        if place in by_place or not free:
            listed.append(by_place.pop(place if place in by_place else min(by_place)))
        else:
            listed.append(free.pop(0))
    return listed


def wanted_lists(scores, k, rules, may, seen):
    """The lists that rules ask for, one after the other."""
    lists = []
    for query in range(len(scores)):
        allowed = may[query] & np.isfinite(scores[query])
        if rules.allowed is not None:
            allowed &= unpack(rules.allowed, M)
        if rules.chosen is not None and rules.chosen[query] is not None:
            allowed &= unpack(rules.segments[rules.chosen[query]], M)
        again = np.zeros(M, bool) if rules.repeatable is None else unpack(rules.repeatable, M)
        raw = scores[query].astype(np.float64)
        boosted = scores[query].copy()
        for boost in rules.boosted:
            of = unpack(boost.words, M)
            boosted[of] = (raw * boost.times + boost.add)[of].astype(np.float32)
        at = [(r, scores[query][r], p) for r, p in zip(rules.pinned, rules.places, strict=True)]
        pins = [pin for pin in at if pin[2] < k and allowed[pin[0]]]
        named = {pin[0] for pin in at if pin[2] < k}
        rows = np.lexsort((np.arange(M), -raw, -boosted))
        shown = allowed & (~seen[query] | again)
        order = [(r, boosted[r]) for r in rows if shown[r] and r not in named]
        lists.append(greedy(order, k, rules.groups, rules.most, pins))
    return lists


def assert_lists(found, wanted):
    for rows, scores, entries in zip(*found, wanted, strict=True):
        length = len(entries)
        assert rows.tolist() == [row for row, _ in entries] + [-1] * (len(rows) - length)
        np.testing.assert_array_equal(
            scores[:length], np.array([s for _, s in entries], np.float32)
        )
        assert np.all(np.isneginf(scores[length:]))


@settings(max_examples=150)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_lists_are_those_of_filtering_and_walking(data, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(-4, 12, (N, M)).astype(np.float32)  # with many ties
    seen = rng.random((N, M)) < 0.2
    excluded = rng.random((N, M)) < data.draw(st.sampled_from([0, 0.3]))
    draw = lambda *of: data.draw(st.sampled_from(of))  # noqa: E731
    boosts = [Boost(where("price") > 12, add=3.5), Boost([3, 7, 9], times=2, add=-1)]
    rules = Rules(
        where=draw(None, where("price") < 15, where("price") > 99),
        segments={"a": where("kind").equals(0), "b": where("kind").isin([1, 2])},
        caps=draw({}, {"brand": 1}, {"brand": 2, "kind": 3}, {"kind": 1}),
        pinned=draw([], [5, 2], {3: 8, 1: 11, 90: 4}),
        boosts=draw([], boosts[:1], boosts),
        repeatable=draw(None, where("price") < 10, [1, 2, 3]),
    ).compile(shop(seed), ITEMS)
    rules = rules.per_user(rng.choice(np.array(["a", "b", None]), N).tolist())
    k = draw(1, 4, 12, 50)
    filter_ = Filter(exclude=as_csr(sp.csr_array(excluded)))
    found = ranked(rules, ranker(scores, seen), ITEMS, N, k, filter_, 1)
    assert_lists(found, wanted_lists(scores, k, rules, ~excluded, seen))


def test_a_list_is_filled_beyond_a_long_run_of_one_group():
    scores = np.tile(np.arange(M, 0, -1, dtype=np.float32), (2, 1))
    catalogue = Catalogue(ITEMS, {"brand": np.where(np.arange(M) < 30, 0.0, np.arange(M))})
    rules = Rules(caps={"brand": 2}).compile(catalogue, ITEMS)
    rows, _ = ranked(rules, ranker(scores), ITEMS, 2, 5, Filter(), 1)
    assert rows.tolist() == [[0, 1, 30, 31, 32]] * 2


def test_caps_that_cannot_be_met_are_told_once_and_short_lists_counted(caplog):
    catalogue = Catalogue(Vocabulary(np.arange(40)), {"brand": np.arange(40) % 2.0})
    model = pyrec.Popularity().fit(LOG)
    rules = Rules(caps={"brand": 2}).compile(catalogue, model.items)
    assert caplog.messages == ["rules: lists can have at most 4 items, not 10"]
    for _ in range(3):  # a service is not told again
        lists = model.recommend([0, 1, 2], 6, rules=rules)
        assert (lists.counts.tolist(), lists.short) == ([4, 4, 4], 3)
    assert len(caplog.messages) == 1
    Rules(caps={"brand": 2}).compile(catalogue, model.items, k=4)
    assert len(caplog.messages) == 1


LOG = sp.random_array((30, M), density=0.2, rng=np.random.default_rng(0), format="csr")
MODELS = [pyrec.ALS(factors=5, iterations=3), pyrec.ItemKNN(neighbors=12), pyrec.Popularity()]


@pytest.mark.parametrize("estimator", MODELS, ids=lambda e: e.name)
def test_a_model_obeys(simd, estimator):
    model = estimator.fit(LOG)
    catalogue = Catalogue(ITEMS, shop().columns)
    rules = Rules(
        where=where("price") > 3, caps={"brand": 2}, pinned=[5], boosts=[Boost([7], times=1.5)]
    ).compile(catalogue, model.items)
    users = np.arange(30)
    whole = model.recommend(users, M, exclude_seen=False)
    scores = np.full((30, M), -np.inf, np.float32)
    query, entry = np.nonzero(whole.rows >= 0)
    scores[query, whole.rows[query, entry]] = whole.scores[query, entry]
    seen = LOG.toarray() != 0
    lists = model.recommend(users, 8, rules=rules)
    # A pin stands in every list, with a score of 0 where the model has none.
    scores[:, 5] = np.where(np.isfinite(scores[:, 5]), scores[:, 5], 0)
    wanted = wanted_lists(scores, 8, rules, np.ones((30, M), bool), seen)
    assert_lists((lists.rows, lists.scores), wanted)
    for threads in (1, 3):
        again = model.recommend(users[::-1], 8, rules=rules, threads=threads)
        np.testing.assert_array_equal(again.rows, lists.rows[::-1])
        np.testing.assert_array_equal(again.scores, lists.scores[::-1])
    folded = model.recommend_for(as_csr(LOG), 8, rules=rules)
    assert np.all((folded.rows == 5).sum(axis=1) == 1)
    assert model.recommend(4, 3, rules=rules).ids.tolist() == lists.ids[4, :3].tolist()


def test_strangers_get_what_is_pinned():
    model = pyrec.ItemKNN().fit(LOG)
    rules = Rules(pinned={2: 9, 1: 4}).compile(None, model.items)
    ranking = model.recommend([99], 3, rules=rules, unknown="empty")
    assert (ranking.ids.tolist(), ranking.scores.tolist()) == ([[4, 9, None]], [[0, 0, -np.inf]])
    assert model.recommend([99], 3, rules=rules, unknown="popular").ids[0, :2].tolist() == [4, 9]
    assert model.recommend(3, 3, rules=rules, exclude=[9]).ids.tolist()[0] == 4
    assert 9 not in model.recommend(3, 3, rules=rules, exclude=[9]).ids.tolist()
    assert model.recommend(3, 3, rules=rules, items=[[9, 8]]).ids.tolist() == [8, 9, None]


def test_nothing_allowed_gives_empty_lists(caplog):
    model = pyrec.Popularity().fit(LOG)
    rules = Rules(where=where("price") > 999).compile(shop(), model.items)
    assert "where: excludes all 40 items (0 are not in the catalogue)" in caplog.text
    assert model.recommend([0, 1], 3, rules=rules).counts.tolist() == [0, 0]


def test_bad_rules_are_refused():
    model = pyrec.Popularity().fit(LOG)
    segments = Rules(segments={"a": where("price") > 3}).compile(shop(), model.items)
    elsewhere = Rules(pinned=["x"]).compile(None, Vocabulary(["x"]))
    for rules, message in (
        (Rules(), r"rules: must be of type CompiledRules, not Rules; Rules\(...\).compile"),
        (segments, "rules: have segments; rules.per_user"),
        (segments.per_user(["a"] * 3), "rules: name 3 segments for 2 users"),
        (elsewhere, "rules: are of other items"),
        (replace(segments, items=Vocabulary([1])), "rules: are of other items"),
    ):
        with pytest.raises(DataError, match=message):
            model.recommend([0, 1], rules=rules)


def test_repeatable_goods_stay():
    hidden = Filter(repeatable=Allowed.of_rows(ITEMS, [1]).words).hiding(as_csr(LOG)).exclude
    assert not np.any(bits_at(Allowed.of_rows(ITEMS, [1]).words, hidden.columns))
    assert hidden.nnz == LOG.nnz - np.count_nonzero(LOG.indices == 1)


CHEAP = int(np.argmin(shop().columns["price"]))  # what the chain's rules forbid


@pytest.mark.parametrize("pinned", [{3: 5, 1: 30}, {1: CHEAP, 2: 30, 5: 6}])
def test_a_chain_goes_on_below_the_same_caps(pinned):
    scores = [rng.permuted(np.tile(np.arange(M, dtype=np.float32), (N, 1)), axis=1) for rng in RNGS]
    scores[0][:, 25:] = -np.inf
    some = {
        "where": where("price") > shop().columns["price"].min(),
        "boosts": [Boost([7, 9], times=2)],
    }
    plain = Rules(**some).compile(shop(), ITEMS)
    limits = {"caps": {"brand": 2, "kind": 4}, "pinned": pinned}
    rules = Rules(**some, **limits).compile(shop(), ITEMS)
    all_, none = np.ones((N, M), bool), np.zeros((N, M), bool)
    orders = [wanted_lists(of, M, plain, all_, none) for of in scores]
    found = chained(rules, [Link(ranker(of)) for of in scores], ITEMS, N, 9, Filter(), 1)
    allowed = unpack(rules.allowed, M)
    pins = [
        (row, PINNED, place)
        for row, place in zip(rules.pinned, rules.places, strict=True)
        if allowed[row]
    ]
    named = {row for row, _, _ in pins}
    for query, (rows, values, links) in enumerate(zip(*found, strict=True)):
        score_of = [dict(lists[query]) for lists in orders]
        order = [
            (row, link) for link, lists in enumerate(score_of) for row in lists if row not in named
        ]
        wanted = greedy(order, 9, rules.groups, rules.most, pins)
        wanted += [(-1, -1)] * (9 - len(wanted))
        assert list(zip(rows, links, strict=True)) == wanted
        for row, value, link in zip(rows, values, links, strict=True):
            assert link < 0 or value == score_of[link][row]


def test_a_chain_of_models_obeys():
    had = pyrec.Interactions.from_scipy(LOG)
    fewer = pyrec.Interactions.from_scipy(LOG[:, :20])
    chain = pyrec.Fallback.of([pyrec.ItemKNN(neighbors=2).fit(fewer), pyrec.Popularity().fit(had)])
    rules = Rules(where=where("price") > 3, caps={"brand": 2}, pinned={2: 33})
    compiled = rules.compile(shop(), chain.items)
    lists = chain.recommend([0, 1, 2, 99], 8, rules=compiled)
    brands, prices = (shop().columns[name][lists.rows] for name in ("brand", "price"))
    assert lists.short == 0
    assert np.all(prices[lists.sources != "pinned"] > 3)
    assert all(max(np.unique(of[of == of], return_counts=True)[1]) <= 2 for of in brands)
    assert lists.ids[:, 1].tolist() == [33] * 4
    assert lists.sources[:, 1].tolist() == ["pinned"] * 4
    assert set(lists.sources[0].tolist()) == {"item_knn", "pinned", "popularity"}
    assert set(lists.sources[3].tolist()) == {"pinned", "popularity"}
    own = chain.recommend([0, 1], 4, exclude=[[21], [22, 33]], rules=compiled)
    assert 21 not in own.ids[0].tolist()
    assert not {22, 33} & set(own.ids[1].tolist())
    with pytest.raises(DataError, match="rules: are of other items"):
        chain.recommend([0], rules=rules.compile(shop(), Vocabulary([33])))


@pytest.mark.real_data
def test_on_a_real_log_lists_are_those_of_filtering_full_rankings(real_data):
    folder = real_data / "complete_journey"
    log = pyrec.read_events(
        folder / "transactions_sample.csv.gz", user="household_id", item="product_id",
        weight="quantity",
    )  # fmt: skip
    table = pyrec.read_items(
        folder / "products.csv.gz", item="product_id",
        columns=["manufacturer_id", "department", "brand"],
    )  # fmt: skip
    at = table.items.encode(log.items.ids.astype(str), missing="mark")
    columns = {name: column[at] for name, column in table.columns.items()}
    sold = {name: column[at >= 0] for name, column in columns.items()}
    catalogue = Catalogue(Vocabulary(log.items.ids[at >= 0]), sold)
    model = pyrec.ItemKNN(neighbors=50).fit(log)
    pinned = {2: log.items.ids[7], 5: log.items.ids[11]}
    again = ["GROCERY", "PRODUCE"]
    rules = Rules(
        where=~where("department").isin(["FUEL", "MISCELLANEOUS"]),
        caps={"manufacturer_id": 2, "department": 4},
        pinned=pinned, repeatable=where("department").isin(again),
    ).compile(catalogue, model.items)  # fmt: skip
    users = model.users.ids[::12]
    lists = model.recommend(users, 10, rules=rules)
    whole = model.recommend(users, len(model.items), exclude_seen=False)
    makers, departments = (columns[name] for name in ("manufacturer_id", "department"))
    places = {place - 1: model.items.encode(id_) for place, id_ in pinned.items()}
    for user, rows, order in zip(model.users.encode(users), lists.rows, whole.rows, strict=True):
        begin, end = model.interactions.csr.offsets[user : user + 2]
        had = set(model.interactions.csr.columns[begin:end].tolist())
        kept = list(places.values())
        for row in order[order >= 0].tolist():
            if len(kept) == 10:
                break
            if row in kept or at[row] < 0 or departments[row] in ("FUEL", "MISCELLANEOUS"):
                continue
            if row in had and departments[row] not in again:
                continue
            if sum(makers[other] == makers[row] for other in kept) < 2 and (
                sum(departments[other] == departments[row] for other in kept) < 4
            ):
                kept.append(row)
        wanted = kept[2:]
        for place in sorted(places):
            wanted.insert(place, places[place])
        assert rows.tolist() == wanted + [-1] * (10 - len(wanted))
    assert lists.short < len(users) / 50
