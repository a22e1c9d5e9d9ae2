"""Tastes: distances by hand, what chance makes of them, and a shop whose people change."""

import json

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

import pyrec
from pyrec.data.events import Events
from pyrec.data.groups import Groups
from pyrec.errors import DataError
from pyrec.evaluation.tastes import taste_shift


def still(n=4000, seed=0):
    """People whose tastes stay: each has a mix of four categories."""
    rng = np.random.default_rng(seed)
    mixes = rng.dirichlet(np.ones(4), 50)
    users = rng.integers(0, 50, n)
    category = np.array([rng.choice(4, p=mixes[user]) for user in users])
    items = category * 5 + rng.integers(0, 5, n)
    return Events.from_ids(users=users, items=np.append(items, range(20))[:n], timestamps=range(n))


def categories(events):
    return Groups.of([f"c{int(i) // 5}" for i in events.items.ids])


def test_distances_are_those_of_scipy():
    log = still(400)
    found = taste_shift(log, categories(log), at=200, resamples=0)
    late = np.asarray(log.timestamps) >= 200
    of = np.asarray(log.items.ids)[log.item_rows] // 5
    expected = []
    for user in range(len(log.users)):
        mine = log.user_rows == user
        p, q = (np.bincount(of[mine & part], minlength=4) for part in (~late, late))
        if p.any() and q.any():
            expected.append(jensenshannon(p, q, base=2))
    assert found.users == len(expected)
    assert found.distance.mean == pytest.approx(np.mean(expected))
    assert found.distance.low is None


def test_tastes_that_stay_move_by_chance_alone():
    found = taste_shift(still(), categories(still()))
    assert found.distance.mean > 0.1
    assert found.moved.low < 0 < found.moved.high
    assert all(one.difference.low < 0 < one.difference.high for one in found.categories)


def test_who_changes_is_told():
    log = still()
    late = np.arange(len(log)) >= 2000
    changes = (np.asarray(log.users.ids)[log.user_rows] % 2 == 1) & late
    items = np.where(changes, log.item_rows % 5 + 15, log.item_rows)  # all to the last category
    log = Events.from_ids(users=log.users.ids[log.user_rows], items=items,
                          timestamps=log.timestamps)  # fmt: skip
    segments = {user: "odd" if user % 2 else "even" for user in range(50)}
    found = taste_shift(log, categories(log), segments=segments, top=3)
    assert found.moved.low > 0.05
    assert found.segments["odd"].low > found.segments["even"].high
    assert found.segments["even"].low < 0.02
    assert found.categories[0].name == "c3"
    rise = found.categories[0]
    assert rise.difference.low > 0.1
    assert rise.difference.mean == pytest.approx(rise.after - rise.before)
    assert sum(one.before for one in found.categories) == pytest.approx(1)
    assert {one.name for one in found.items[:3]} <= set(range(15, 20))
    assert len(found.items) == 6
    plain = found.to_dict()
    assert json.loads(json.dumps(plain)) == plain


def test_a_simulated_shop_has_tastes_that_move():
    shop = pyrec.simulate_shop(users=600, items=200, days=120)
    column = shop.catalogue.columns["category"]
    of = column[shop.catalogue.items.encode(shop.events.items.ids)]
    found = taste_shift(shop.events.only("view"), Groups.of(of))
    assert found.moved.low > 0
    again = taste_shift(shop.events.only("view"), Groups.of(of))
    assert again == found


def test_items_in_several_categories_count_in_parts():
    log = Events.from_ids(users=[1, 1], items=["a", "b"], timestamps=[0, 10])
    found = taste_shift(log, Groups.of_lists([["x", "y"], ["y"]]), resamples=0)
    assert {one.name: (one.before, one.after) for one in found.categories} == {
        "x": (0.5, 0), "y": (0.5, 1),
    }  # fmt: skip


def test_what_has_no_two_periods_is_refused():
    log = Events.from_ids(users=[1, 2], items=["a", "b"], timestamps=[0, 10])
    groups = Groups.of(["x", "y"])
    with pytest.raises(DataError, match="nobody has events with a category both before and after"):
        taste_shift(log, groups)
    with pytest.raises(DataError, match="no timestamps"):
        taste_shift(Events.from_ids(users=[1], items=[1]), Groups.of(["x"]))
    with pytest.raises(DataError, match="groups: are of 1 items, the events of 2"):
        taste_shift(log, Groups.of(["x"]))
    with pytest.raises(DataError, match="no event is of an item with a category"):
        taste_shift(log, Groups.of([None, None]))
