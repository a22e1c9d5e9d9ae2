"""Re-ranking keeps what rules and chains promise."""

import numpy as np
import pytest

import pyrec
from pyrec import Boost, Fallback, Rules, where
from pyrec.rerank import MMR, Context, PopularityControl, RerankedModel, rerank_lists

SHOP = pyrec.simulate_shop(users=120, items=90, days=60)
LOG = SHOP.events.aggregate()
MODEL = pyrec.ALS(factors=8, iterations=4).fit(LOG)
CONTEXT = Context.of(MODEL, SHOP.catalogue, groups="category")
RULES = Rules(
    where=where("price") > 5, caps={"category": 2}, pinned={2: "P0007", 40: "P0003"},
    boosts=[Boost(where("price") < 20, times=1.5)],
).compile(SHOP.catalogue, MODEL.items)  # fmt: skip
STEPS = MMR(trade_off=0.6)


def columns(name, rows):
    by_item = SHOP.catalogue.items.encode(MODEL.items.ids)
    return SHOP.catalogue.columns[name][by_item][rows]


def test_lists_obey_and_pins_stand():
    candidates = MODEL.recommend(MODEL.users.ids, k=50, rules=RULES)
    lists = rerank_lists(STEPS, candidates, CONTEXT, k=8, rules=RULES)
    assert lists.short == 0
    assert set(lists.ids[:, 1].tolist()) == {"P0007"}
    assert "P0003" not in lists.ids  # pinned behind the end of the list
    assert np.all(columns("price", lists.rows) > 5)
    for categories in columns("category", lists.rows):
        assert np.unique(categories, return_counts=True)[1].max() <= 2
    for asked, shown in zip(candidates.rows, lists.rows, strict=True):
        assert set(shown.tolist()) <= set(asked.tolist())
    model = RerankedModel(MODEL, STEPS, CONTEXT, candidates=50)
    users = MODEL.users.ids
    np.testing.assert_array_equal(model.recommend(users, 8, rules=RULES).rows, lists.rows)
    one = model.recommend(users[3], 8, rules=RULES)
    assert (one.rows.tolist(), one.users) == (lists.rows[3].tolist(), users[3])


def test_without_rules_it_is_what_the_steps_do():
    candidates = MODEL.recommend(MODEL.users.ids, k=50)
    np.testing.assert_array_equal(
        rerank_lists(STEPS, candidates, CONTEXT, k=8).rows,
        STEPS.rerank(candidates, CONTEXT, k=8).rows,
    )


def test_entries_of_a_chain_keep_their_source_and_later_models_stand_below():
    few = pyrec.ItemKNN(neighbors=1).fit(LOG)
    chain = Fallback.of([few, pyrec.Popularity().fit(LOG)])
    users = [*MODEL.users.ids[:30], "nobody"]
    candidates = chain.recommend(users, k=30)
    same = rerank_lists(PopularityControl(weight=0), candidates, CONTEXT, k=30)
    np.testing.assert_array_equal(same.rows, candidates.rows)
    np.testing.assert_array_equal(same.places, candidates.places)
    candidates = chain.recommend(users, k=30, rules=RULES)
    lists = rerank_lists(STEPS, candidates, CONTEXT, k=8, rules=RULES)
    for query in range(len(users)):
        source = dict(zip(candidates.rows[query].tolist(), candidates.sources[query], strict=True))
        assert [source[row] for row in lists.rows[query].tolist()] == lists.sources[query].tolist()
    assert set(lists.sources[:, 1].tolist()) == {"pinned"}
    assert set(lists.sources[-1].tolist()) == {"pinned", "popularity"}


def boosted(**others):
    boosts = [Boost(where("price") < 20, times=1.5), Boost(where("price") > 40, add=-0.1)]
    return Rules(boosts=boosts, **others)


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        boosted(),
        boosted(caps={"category": 2}, pinned={2: "P0007"}),
        boosted(where=where("price") > 5, pinned=["P0003"]),
    ],
)
@pytest.mark.parametrize("other_items", [False, True])
def test_a_link_that_re_ranks_chooses_among_the_boosted_candidates(rules, other_items):
    model = RerankedModel(MODEL, PopularityControl(weight=0.5), CONTEXT, candidates=30)
    others = pyrec.Popularity().fit(LOG)
    if other_items:  # the chain has its items in other rows than the model has
        others = pyrec.Popularity().fit(pyrec.Events.from_ids(users=["z"], items=["AA"]))
    chain = Fallback.of({"first": model, "second": others})
    users = MODEL.users.ids[:25]
    lists = chain.recommend(users, k=8, rules=rules.compile(SHOP.catalogue, chain.items))
    alone = model.recommend(users, k=8, rules=rules.compile(SHOP.catalogue, MODEL.items))
    assert alone.short == 0
    np.testing.assert_array_equal(lists.ids, alone.ids)
    np.testing.assert_array_equal(lists.scores, alone.scores)
    assert set(np.unique(lists.sources.astype(str))) <= {"first", "pinned"}


def test_a_later_link_re_ranks_what_is_left():
    few = pyrec.ItemKNN(neighbors=1).fit(LOG)
    model = RerankedModel(MODEL, PopularityControl(weight=0.5), CONTEXT, candidates=30)
    rules = boosted(caps={"category": 2}).compile(SHOP.catalogue, MODEL.items)
    chain = Fallback.of({"few": few, "rest": model, "all": pyrec.Popularity().fit(LOG)})
    lists = chain.recommend([*MODEL.users.ids[:40], "nobody"], k=8, rules=rules)
    assert lists.short == 0
    assert {"few", "rest"} <= set(lists.sources[:-1].ravel().tolist())
    assert set(lists.sources[-1].tolist()) == {"all"}
    for rows in lists.rows:
        assert len(set(rows.tolist())) == 8
        assert np.unique(columns("category", rows), return_counts=True)[1].max() <= 2
    for places in lists.places:
        assert places.tolist() == sorted(places.tolist())


@pytest.mark.parametrize("rules", [None, RULES])
def test_empty_lists_stay_empty(rules):
    candidates = MODEL.recommend(MODEL.users.ids[:2], k=9, items=[], rules=rules)
    assert rerank_lists(STEPS, candidates, CONTEXT, k=3, rules=rules).counts.tolist() == [0, 0]
    nobody = MODEL.recommend(MODEL.users.ids[:0], k=9, rules=rules)
    assert rerank_lists(STEPS, nobody, CONTEXT, k=3, rules=rules).rows.shape == (0, 3)
