import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import pyrec
from pyrec import ALS, Events, Interactions, _kernels
from pyrec.data.interactions import entry_rows
from pyrec.errors import DataError
from pyrec.models.updating import Drift, joined_with, relative_change

PAIR = st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from(["view", "buy", "cart"]))


def log(pairs, first=0):
    users, items, kinds = zip(*pairs, strict=True)
    return Events.from_ids(
        users=[f"u{u}" for u in users],
        items=[10 * i for i in items],
        kinds=kinds,
        weights=np.arange(1, 1 + len(pairs)),
        timestamps=np.arange(first, first + len(pairs)),
    )


def table(known):
    """Everything about each pair, by ids."""
    rows = np.repeat(np.arange(known.shape[0]), np.diff(known.csr.offsets))
    return {
        (known.users.decode(int(u)), known.items.decode(int(i))): (
            value, int(time), {n for j, n in enumerate(known.kind_names) if bits >> j & 1},
        )
        for u, i, value, time, bits in zip(
            rows, known.csr.columns, known.csr.values, known.timestamps, known.kinds.tolist(),
            strict=True,
        )
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(old=st.lists(PAIR, min_size=1), new=st.lists(PAIR, min_size=1))
def test_joining_is_merging_all_events_at_once(old, new):
    before, day = log(old), log(new, first=1000)
    update = joined_with(before.aggregate(), day.aggregate())
    joined, whole = update.interactions, Events.concat([before, day]).aggregate()
    assert table(joined) == table(whole)
    assert joined.users.ids[: len(before.users)].tolist() == before.users.ids.tolist()
    assert sorted(joined.users.decode(update.users)) == day.users.ids.tolist()
    assert sorted(joined.items.decode(update.items)) == day.items.ids.tolist()
    np.testing.assert_array_equal(update.by_item.values, joined.by_item.take(update.items).values)
    assert update.by_item.shape == (len(day.items), len(joined.users))


def by_ids(model):
    influence, ids = model.influence, model.items.ids
    return {
        (ids[row], ids[column]): value
        for row, column, value in zip(
            entry_rows(influence), influence.columns, influence.values.tolist(), strict=True
        )
    }


@settings(max_examples=40, deadline=None)
@given(old=st.lists(PAIR, min_size=1), new=st.lists(PAIR, min_size=1))
@pytest.mark.parametrize("metric", ["cosine", "jaccard", "dot"])
def test_similarities_after_an_update_are_those_of_all_events(metric, old, new):
    before, day = log(old), log(new, first=1000)
    updated = pyrec.ItemKNN(metric=metric).fit(before).partial_fit(day)
    whole = pyrec.ItemKNN(metric=metric).fit(Events.concat([before, day]))
    assert by_ids(updated) == by_ids(whole), "bit for bit: sums of whole numbers have no order"


def test_ids_without_pairs_are_not_taken_over():
    day = log([(0, 0, "view"), (5, 5, "buy")]).take([True, False]).aggregate()
    joined = joined_with(log([(1, 1, "view")]).aggregate(), day).interactions
    assert joined.users.ids.tolist() == ["u1", "u0"]
    assert joined.items.ids.tolist() == [10, 0]


def test_what_does_not_fit_together():
    known = log([(1, 1, "view")]).aggregate()
    plain = Interactions.from_scipy(sp.csr_array([[1.0]]))
    with pytest.raises(DataError, match="users: the new ids are integers, those of the model str"):
        joined_with(known, plain)
    bare = Events.from_ids(users=["u1"], items=[10]).aggregate()
    with pytest.raises(DataError, match="kinds: the model has them and the new interactions have"):
        joined_with(known, bare)
    with pytest.raises(DataError, match="kinds: the new interactions have them and the model has"):
        joined_with(bare, known)


@pytest.fixture(scope="module")
def shop():
    rng = np.random.default_rng(2)
    taste = rng.integers(0, 3, 90)[:, None] == rng.integers(0, 3, 60)[None, :]
    dense = (rng.random((90, 60)) < np.where(taste, 0.4, 0.03)) * rng.integers(1, 4, (90, 60))
    return sp.csr_array(dense.astype(np.float32))


def test_only_touched_rows_of_als_change_and_drift_is_told(shop, tmp_path):
    model = ALS(factors=6, alpha=3).fit(shop)
    day = sp.coo_array(([1.0, 2.0, 1.0], ([3, 3, 95], [5, 61, 5])), (96, 62))
    once = model.partial_fit(day)
    assert once.users.ids[-1] == 95
    assert once.items.ids[-1] == 61
    same_users, same_items = (np.setdiff1d(np.arange(n), at) for n, at in ((90, 3), (60, 5)))
    np.testing.assert_array_equal(once.user_factors[same_users], model.user_factors[same_users])
    np.testing.assert_array_equal(once.item_factors[same_items], model.item_factors[same_items])
    assert np.any(once.item_factors[60])
    assert model.drift == Drift()
    assert once.drift.updates == 1
    assert once.drift.share == 3 / once.interactions.nnz
    assert once.drift.users > 0
    assert 0 < once.drift.items < 1
    twice = once.partial_fit(day)
    assert twice.drift.given == 6
    twice.save(tmp_path / "m")
    assert pyrec.load(tmp_path / "m").drift == twice.drift
    assert twice.interactions.nnz == once.interactions.nnz, "weights add up"


def test_an_updated_user_is_where_a_fold_in_puts_them(shop):
    model = ALS(factors=6, alpha=3).fit(shop[:, :50])
    day = shop.tocoo()
    late = day.col >= 45
    day = sp.coo_array((day.data[late], (day.row[late], day.col[late])), shop.shape)
    updated = model.partial_fit(day)
    touched = np.unique(day.row).astype(np.int32)
    np.testing.assert_allclose(
        updated.fold_in(updated.interactions.csr.take(touched)),
        updated.user_factors[touched],
        rtol=1e-4,
        atol=1e-6,
    )


def test_an_update_comes_near_a_refit(shop):
    pairs = shop.tocoo()
    late = np.random.default_rng(0).random(pairs.nnz) < 0.05
    old, new = (
        sp.coo_array((pairs.data[at], (pairs.row[at], pairs.col[at])), shop.shape)
        for at in (~late, late)
    )
    stale = ALS(factors=6, alpha=3).fit(old)
    updated, refit = stale.partial_fit(new), ALS(factors=6, alpha=3).fit(shop)
    csr, options = updated.interactions.csr, refit.estimator.kernel_options()
    losses = [
        _kernels.als_objective(csr, m.user_factors, m.item_factors, options, threads=1)
        for m in (stale, updated, refit)
    ]
    assert losses[1] - losses[2] < 0.5 * (losses[0] - losses[2])


def test_relative_change():
    rng = np.random.default_rng(0)
    before, after = rng.standard_normal((2, 3000, 4)).astype(np.float32)
    rows = np.arange(0, 3000, 2, dtype=np.int32)
    expected = np.linalg.norm(after[rows] - before[rows]) / np.linalg.norm(before[rows])
    assert relative_change(before, after, rows) == pytest.approx(expected, rel=1e-5)
    assert relative_change(0 * before, after, rows) == 0
    assert relative_change(before, after, rows[:0]) == 0


@pytest.fixture(scope="module")
def days(real_data):
    """Events until the last day but one, of that day, and what people bought on the last."""
    events = pyrec.read_events(
        real_data / "taobao_events/events.csv.gz",
        user="user", item="item", event="event", timestamp="timestamp",
    )  # fmt: skip
    day = 86_400 * 10**6
    back = (events.timestamps.max() - events.timestamps) // day
    known, fresh, last = (events.take(at) for at in (back > 1, back == 1, back == 0))
    weights = {"fav": 1, "cart": 3, "buy": 5}
    both = Events.concat([known, fresh])
    merged = [some.without_unused_ids().aggregate(kind_weights=weights)
              for some in (known, fresh, both)]  # fmt: skip
    return *merged, last.only("buy")


@pytest.mark.real_data
def test_an_update_on_taobao_gains_most_of_what_a_refit_would(days):
    known, fresh, both, bought = days
    stale = ALS().fit(known)
    before, after, refit = (
        pyrec.evaluate(model, bought, metrics="ndcg@20", pairs="new", resamples=0)["ndcg@20"]
        for model in (stale, stale.partial_fit(fresh), ALS().fit(both))
    )
    assert after - before > 0.5 * (refit - before) > 0.0005


@pytest.mark.real_data
def test_similarities_on_taobao_after_an_update_are_those_of_a_fit(days):
    known, fresh, both, _ = days
    updated, refit = pyrec.ItemKNN().fit(known).partial_fit(fresh), pyrec.ItemKNN().fit(both)
    order = updated.items.encode(refit.items.ids)
    # Of equals at the end of a list either may be in it: so values, and not who they are of.
    ours, theirs = updated.nearest.take(order), refit.nearest
    np.testing.assert_array_equal(ours.offsets, theirs.offsets)
    in_order = [one.values[np.lexsort((one.values, entry_rows(one)))] for one in (ours, theirs)]
    np.testing.assert_array_equal(*in_order)
