import numpy as np
import pytest

from pyrec import kernels
from pyrec.data.moments import DAY
from pyrec.errors import ConfigError
from pyrec.preparation.cleaning import CleaningRules, clean
from pyrec.preparation.split import TimeSplit, split
from pyrec.simulation.shop import START, simulate_shop


@pytest.fixture(scope="module")
def shop():
    return simulate_shop(users=3000, items=1000, days=120, random_state=7)


def test_the_same_arguments_give_the_same_shop(shop):
    again = simulate_shop(users=3000, items=1000, days=120, random_state=7)
    for name in ("user_rows", "item_rows", "kinds", "weights", "timestamps", "sessions"):
        np.testing.assert_array_equal(getattr(again.events, name), getattr(shop.events, name))
    np.testing.assert_array_equal(again.user_interests, shop.user_interests)
    assert again.catalogue.titles() == shop.catalogue.titles()
    other = simulate_shop(users=3000, items=1000, days=120, random_state=8)
    assert len(other.events) != len(shop.events)


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 50, 3), (50, 1, 10), (7, 3, 400)])
def test_shops_of_any_size(size):
    users, items, days = size
    shop = simulate_shop(users=users, items=items, days=days)
    assert len(shop.users) == users
    assert len(shop.catalogue) == items
    assert len(shop.events) > 0
    np.testing.assert_allclose(shop.user_interests.sum(axis=1), 1, rtol=1e-5)


def test_the_log_is_a_log(shop):
    log = shop.events
    assert log.kind_names == ("view", "addtocart", "purchase", "return")
    assert not log.users.is_integer
    assert np.all(np.diff(log.timestamps) >= 0)
    assert log.timestamps.min() >= START
    assert log.timestamps.max() < START + 121 * DAY
    counts = dict(zip(log.kind_names, np.bincount(log.kinds).tolist(), strict=True))
    assert counts["view"] > 4 * counts["addtocart"] > 4 * counts["purchase"] > 40 * counts["return"]
    assert set(np.unique(log.only("view").weights).tolist()) == {1}
    assert log.only("purchase").weights.max() > 2


def test_sessions_are_visits_of_one_person(shop):
    log = shop.events
    order = np.lexsort((log.timestamps, log.sessions))
    sessions, users, times = log.sessions[order], log.user_rows[order], log.timestamps[order]
    same = sessions[1:] == sessions[:-1]
    assert np.all(users[1:][same] == users[:-1][same])
    assert np.all(np.diff(times)[same] < DAY // 12)
    assert 2 < len(sessions) / len(np.unique(sessions)) < 8


def test_every_return_was_bought_before(shop):
    cleaned, report = clean(
        shop.events, CleaningRules(returns=True, return_kind="return", purchase_kind="purchase")
    )
    assert report.removals[0].notes[-1] == "0 returns of more than was bought before"
    assert len(cleaned.only("return")) == 0


def test_popularity_is_a_power_law(shop):
    views = np.bincount(shop.events.only("view").item_rows)
    views = np.sort(views)[::-1]
    assert views[: len(views) // 10].sum() > 0.4 * views.sum()
    ranks = np.arange(10, 300)
    fit = np.polynomial.polynomial.Polynomial.fit(np.log(ranks), np.log(views[ranks]), 1)
    slope = fit.convert().coef[1]
    assert -1.2 < slope < -0.5
    assert np.abs(fit(np.log(ranks)) - np.log(views[ranks])).max() < 0.5


def test_people_and_products_arrive_all_the_time(shop):
    log = shop.events
    for rows in (log.user_rows, log.item_rows):
        first = log.timestamps[np.unique(rows, return_index=True)[1]]
        for third in range(3):
            bounds = START + np.array([third, third + 1]) * 40 * DAY
            assert np.mean((first >= bounds[0]) & (first < bounds[1])) > 0.05
    since = shop.catalogue.columns["since"].view(np.int64)
    rows = shop.catalogue.items.encode(log.items.ids)
    looked_at = log.take(log.kinds == log.kind_code("view"))
    # Seconds are rounded, so a product may seem to be seen a second before it came.
    assert np.all(looked_at.timestamps >= since[rows][looked_at.item_rows] - 1_000_000)


def test_people_come_back_to_what_they_saw(shop):
    purchases = shop.events.only("purchase")
    repeats = 1 - purchases.aggregate("count").nnz / len(purchases)
    assert 0.05 < repeats < 0.4


def test_tastes_are_several_and_drift(shop):
    interests, before = shop.user_interests, shop.user_interests_before
    assert np.mean(np.count_nonzero(interests > 0.05, axis=1) >= 2) > 0.9
    cosine = np.sum(interests * before, axis=1) / (
        np.linalg.norm(interests, axis=1) * np.linalg.norm(before, axis=1)
    )
    assert 0.4 < np.median(cosine) < 0.95


def test_the_truth_ranks_future_purchases_far_better_than_popularity(shop):
    cut = split(shop.events, TimeSplit(target="purchase", repeats="hold_out"))
    bought = cut.test.aggregate("count")
    users = np.unique(cut.test.user_rows)
    seen = cut.train.aggregate("count").to_scipy()[users]
    hits = bought.to_scipy()[users].toarray() > 0
    in_catalogue = shop.catalogue.items.encode(shop.events.items.ids)
    everybody = shop.users.encode(shop.events.users.ids[users])

    def recall(people, items):
        rows, _ = kernels.top_k(people, items, 20, exclude=seen)
        return np.mean(np.take_along_axis(hits, rows, axis=1).sum(axis=1) / hits.sum(axis=1))

    items = shop.item_interests[in_catalogue]
    popular = np.bincount(cut.train.item_rows, minlength=len(items)).astype(np.float32)
    by_truth = recall(shop.user_interests[everybody], items)
    by_old_truth = recall(shop.user_interests_before[everybody], items)
    by_popularity = recall(np.ones((len(users), 1)), popular[:, None])
    assert by_truth > 1.7 * by_popularity
    assert by_truth > 1.05 * by_old_truth
    np.testing.assert_allclose(
        shop.true_scores(shop.events.users.ids[users])[:, in_catalogue],
        shop.user_interests[everybody] @ items.T,
        rtol=1e-5,
    )


def test_the_catalogue_is_believable(shop):
    columns = shop.catalogue.columns
    assert len(set(columns["category"].tolist())) == 12
    assert np.all((columns["price"] > 0) & (columns["price"] < 3000))
    titles = shop.catalogue.titles()
    assert len(set(titles.values())) > 0.98 * len(titles)
    usual = {c: np.median(columns["price"][columns["category"] == c]) for c in columns["category"]}
    assert usual["Electronics"] > 2 * usual["Coffee & Tea"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(users=0), "users: 0 is not a whole number of 1 or more"),
        (dict(items=1.5), "items: 1.5 is not"),
        (dict(days=True), "days: True is not"),
        (dict(random_state=-1), "random_state: -1 is not a whole number of 0 or more"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        simulate_shop(**arguments)
