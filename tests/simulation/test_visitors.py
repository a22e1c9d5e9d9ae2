"""Visitors: whether they open what they like, where they look, and what they find themselves."""

import numpy as np
import pytest

from pyrec.data.events import Events
from pyrec.simulation.shop import simulate_shop
from pyrec.simulation.visitors import WEEK, appeal, visit

USERS, ITEMS = 4000, 60


@pytest.fixture(scope="module")
def shop():
    return simulate_shop(users=USERS, items=ITEMS, days=40, random_state=3)


def nothing(k=5):
    return np.full((USERS, k), -1, np.int32)


def same_list(rows):
    return np.tile(np.array(rows, np.int32), (USERS, 1))


def test_appeal_is_the_true_score_beside_the_best(shop):
    truth = shop.true_scores(shop.users.ids)
    expected = truth[:, [5, 7]] / truth.max(axis=1, keepdims=True)
    found = appeal(shop, same_list([5, -1, 7]))
    np.testing.assert_allclose(found[:, [0, 2]], expected, rtol=1e-5)
    assert not found[:, 1].any()


def test_people_open_what_they_like_and_look_at_the_top(shop):
    best = np.argsort(-shop.true_scores(shop.users.ids), axis=1)[:, :1].astype(np.int32)
    rows = np.hstack([nothing(3), best])  # at the fourth place, with appeal 1
    opened = visit(shop, rows, week=0, elsewhere=0).only("view")
    assert len(opened) == pytest.approx(USERS / 4, rel=0.1)
    np.testing.assert_array_equal(best[opened.user_rows, 0], opened.item_rows)
    on_top = visit(shop, same_list([5]), week=0, elsewhere=0).only("view")
    assert len(on_top) == pytest.approx(appeal(shop, same_list([5])).sum(), rel=0.15)


def test_what_people_find_themselves_follows_their_tastes(shop):
    found = visit(shop, nothing(), week=0, elsewhere=20).only("view")
    assert len(found) == pytest.approx(20 * USERS, rel=0.05)
    truth = shop.true_scores(shop.users.ids).astype(float)
    truth /= truth.sum(axis=1, keepdims=True)
    shares = np.bincount(found.item_rows, minlength=ITEMS) / len(found)
    np.testing.assert_allclose(shares, truth.mean(axis=0), atol=0.005)


def test_a_tenth_is_bought_a_moment_later_and_weeks_follow_the_log(shop):
    events = visit(shop, nothing(), week=2, elsewhere=5)
    views, bought = events.only("view"), events.only("purchase")
    assert len(bought) == pytest.approx(0.1 * len(views), rel=0.1)
    pairs = {*zip(views.user_rows.tolist(), views.item_rows.tolist(), strict=True)}
    assert pairs.issuperset(zip(bought.user_rows.tolist(), bought.item_rows.tolist(), strict=True))
    start = shop.events.timestamps.max() + 2 * WEEK
    assert np.all((events.timestamps > start) & (events.timestamps <= start + WEEK + 10**6))
    assert np.all(np.diff(events.timestamps) >= 0)
    assert len(Events.concat([shop.events, events])) == len(shop.events) + len(events)
    assert not set(events.sessions.tolist()) & set(shop.events.sessions.tolist())


def test_the_same_seed_is_the_same_luck_whatever_is_shown(shop):
    one, again = (visit(shop, same_list([1, 2]), week=1) for _ in range(2))
    np.testing.assert_array_equal(one.item_rows, again.item_rows)
    np.testing.assert_array_equal(one.timestamps, again.timestamps)
    other = visit(shop, same_list([1, 2]), week=1, random_state=1)
    assert len(other) != len(one)


def test_nobody_comes_across_anything(shop):
    assert len(visit(shop, nothing(), week=0, elsewhere=0)) == 0
