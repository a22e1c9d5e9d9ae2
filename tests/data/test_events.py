import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import logs

from pyrec import Events, Vocabulary, threads
from pyrec.data.provenance import Report
from pyrec.errors import DataError


def small(**changes):
    columns = dict(users=[1, 1, 2, 1], items=["a", "b", "a", "a"])
    return Events.from_ids(**columns | changes)


def test_from_ids_sorts_ids_and_names():
    log = small(kinds=["view", "buy", "view", "view"], sessions=["s2", "s1", "s2", "s2"])
    assert log.users.ids.tolist() == [1, 2]
    assert log.items.decode(log.item_rows).tolist() == ["a", "b", "a", "a"]
    assert log.kind_names == ("buy", "view")
    assert log.kinds.tolist() == [1, 0, 1, 1]
    assert log.sessions.tolist() == [1, 0, 1, 1]


def test_datetimes_become_microseconds():
    log = small(timestamps=np.array(["1970-01-01T00:00:01"] * 4, "datetime64[s]"))
    assert log.timestamps.tolist() == [1_000_000] * 4
    assert log.timestamps.dtype == np.int64


def test_arrays_are_frozen_and_writable_ones_copied():
    weights = np.ones(4, np.float32)
    log = small(weights=weights)
    weights[0] = 7
    assert log.weights.tolist() == [1] * 4
    for column in (log.user_rows, log.item_rows, log.weights):
        assert not column.flags.writeable
    shared = np.ones(4, np.float32)
    shared.flags.writeable = False
    assert small(weights=shared).weights is shared


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(users=[1, 2]), "item_rows: has 4 entries for 2 events"),
        (dict(users=[1.5, 2, 3, 4]), "users: must be all integers or all strings"),
        (dict(users=[1, None, 3, 4]), "users: must be all integers or all strings"),
        (dict(weights=[1, 2, 3]), "weights: has 3 entries for 4 events"),
        (dict(weights=[1, np.nan, 3, 4]), r"weights\[1\] = nan is not a finite"),
        (dict(weights=[1, 2, 3, 1e39]), r"weights\[3\] = 1e\+39 is not a finite"),
        (dict(weights=["1", "2", "3", "4"]), "weights: must be 1-D real numbers"),
        (dict(timestamps=[1.5, 2, 3, 4]), "timestamps: must be integers"),
        (dict(timestamps=np.array(["NaT"] * 4, "datetime64[s]")), r"timestamps\[0\] is missing"),
        (dict(timestamps=[[1]] * 4), "timestamps: must be 1-D, not 2-D"),
        (dict(sessions=[1.5] * 4), "sessions: must be all integers or all strings"),
        (dict(kinds=[1, 2, 1, 2]), "kinds: must be names"),
        (dict(users=[1, 2, 3, 4], kinds=["view"]), "kinds: has 1 entries for 4 events"),
    ],
)
def test_bad_columns_are_named(changes, message):
    with pytest.raises(DataError, match=message):
        small(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(user_rows=[0, 2]), r"user_rows\[1\] = 2 is outside \[0, 2\)"),
        (dict(item_rows=[-1, 0]), r"item_rows\[0\] = -1 is outside \[0, 2\)"),
        (dict(user_rows=np.array([0, 2**32])), r"user_rows\[1\] = 4294967296 is outside"),
        (dict(user_rows=[0.0, 1.0]), "user_rows: must be integers, not float64"),
        (dict(kinds=[0, 1], kind_names=("view",)), r"kinds\[1\] = 1 is outside \[0, 1\)"),
        (dict(kind_names=("view",)), "kind_names: given without kinds"),
        (dict(kinds=[0, 0], kind_names=("a", "a")), "kind_names: a name is repeated"),
        (dict(kinds=[0, 0], kind_names="view"), "kind_names: must be a sequence of strings"),
        (dict(kinds=[0, 0], kind_names=tuple(map(str, range(33)))), "at most 32 kinds"),
        (dict(sessions=np.array([2**63, 1], np.uint64)), r"sessions\[0\] = .* is too great"),
    ],
)
def test_bad_rows_are_named(changes, message):
    columns = dict(user_rows=[0, 1], item_rows=[0, 1])
    with pytest.raises(DataError, match=message):
        Events(Vocabulary.range(2), Vocabulary.range(2), **columns | changes)


def test_logs_and_matrices_are_told_in_a_line():
    log = small(kinds=["view", "buy", "view", "view"])
    assert repr(log) == "Events(4 of 2 users and 2 items: buy, view)"
    assert repr(log.aggregate()) == "Interactions(3 of 2 users and 2 items)"


def test_no_events_is_a_log():
    log = Events.from_ids(users=[], items=[], kinds=[], timestamps=[], weights=[], sessions=[])
    assert len(log) == 0
    assert log.aggregate("last").nnz == 0


def test_only_names_the_nearest_kind():
    log = small(kinds=["view", "buy", "view", "cart"])
    assert len(log.only("view", "cart")) == 3
    assert log.only("buy").kind_names == ("buy", "cart", "view")
    with pytest.raises(DataError, match="'carts': unknown; did you mean 'cart'"):
        log.only("carts")
    with pytest.raises(DataError, match="the events have no kinds"):
        small().only("view")


def test_take_checks_its_argument():
    log = small()
    assert log.items.decode(log.take([3, 1]).item_rows).tolist() == ["a", "b"]
    for chosen in ([True], [4], [-1], [[0]], [0.5], ["a"]):
        with pytest.raises(DataError, match="events: "):
            log.take(chosen)


@given(logs(), st.data())
def test_take_agrees_with_numpy(log, data):
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(log), max_size=len(log))), bool)
    by_mask, by_position = log.take(mask), log.take(np.flatnonzero(mask))
    for name in ("user_rows", "item_rows", "kinds", "weights", "timestamps", "sessions"):
        whole = getattr(log, name)
        if whole is None:
            assert getattr(by_mask, name) is None
        else:
            np.testing.assert_array_equal(getattr(by_mask, name), whole[mask])
            np.testing.assert_array_equal(getattr(by_position, name), whole[mask])


@given(logs(), st.integers(0, 30))
def test_concat_of_the_parts_is_the_whole(log, cut):
    parts = [log.take(slice(0, cut)), log.take(slice(cut, None))]
    for joined in (
        Events.concat(parts),
        Events.concat([part.without_unused_ids() for part in parts]),
    ):
        assert as_tuples(joined) == as_tuples(log)


def test_concat_renumbers_kinds_and_ids():
    one = Events.from_ids(users=["b"], items=[1], kinds=["view"])
    two = Events.from_ids(users=["a"], items=[1], kinds=["buy"], weights=[3])
    both = Events.concat([one, two])
    assert both.users.ids.tolist() == ["b", "a"]
    assert both.kind_names == ("view", "buy")
    assert both.kinds.tolist() == [0, 1]
    assert both.weights.tolist() == [1, 3]
    with pytest.raises(DataError, match="timestamps: only some"):
        Events.concat(
            [one, Events.from_ids(users=["b"], items=[1], kinds=["view"], timestamps=[1])]
        )
    with pytest.raises(DataError, match="nothing to join"):
        Events.concat([])


@given(logs())
def test_without_unused_ids_changes_no_event(log):
    compact = log.take(slice(0, 5)).without_unused_ids()
    assert as_tuples(compact) == as_tuples(log.take(slice(0, 5)))
    assert len(compact.users) == len(set(compact.user_rows.tolist()))
    assert len(compact.items) == len(set(compact.item_rows.tolist()))


@given(logs(), st.sampled_from(["sum", "last", "max", "count"]), st.booleans())
def test_aggregate_agrees_with_a_dictionary(log, how, weighted):
    factors = dict(zip(log.kind_names, (2.0, 0.0, 3.0), strict=False)) if weighted else None
    if weighted and log.kinds is None:
        with pytest.raises(DataError, match="the events have no kinds"):
            log.aggregate(how, {"view": 1.0})
        return
    expected = {}
    for n in range(len(log)):
        kind = None if log.kinds is None else log.kind_names[log.kinds[n]]
        factor = factors[kind] if weighted else 1
        if factor == 0:
            continue
        weight = 1 if how == "count" or log.weights is None else float(log.weights[n])
        time = n if log.timestamps is None else log.timestamps[n]
        pair = (int(log.user_rows[n]), int(log.item_rows[n]))
        expected.setdefault(pair, []).append((time, n, factor * weight, kind))
    merge = {
        "sum": lambda events: sum(e[2] for e in events),
        "count": lambda events: sum(e[2] for e in events),
        "max": lambda events: max(e[2] for e in events),
        "last": lambda events: max(events)[2],
    }[how]
    merged = log.aggregate(how, factors)
    matrix = merged.to_scipy().tocoo()
    pairs = list(zip(matrix.row.tolist(), matrix.col.tolist(), strict=True))
    assert pairs == sorted(expected)
    assert matrix.data.tolist() == [merge(expected[pair]) for pair in pairs]
    if log.timestamps is not None:
        assert merged.timestamps.tolist() == [max(expected[pair])[0] for pair in pairs]
    if log.kinds is not None:
        bits = [sum({1 << log.kind_names.index(e[3]) for e in expected[pair]}) for pair in pairs]
        assert merged.kinds.tolist() == bits
        assert merged.kind_names == log.kind_names


@pytest.mark.parametrize("how", ["sum", "last", "max"])
def test_same_bits_for_any_thread_count(how):
    rng = np.random.default_rng(0)
    log = Events(
        Vocabulary.range(5000),
        Vocabulary.range(30),
        rng.integers(0, 5000, 200_000),
        rng.integers(0, 30, 200_000),
        weights=rng.random(200_000),
        timestamps=rng.integers(0, 100, 200_000),
    )
    with threads(1):
        once = log.aggregate(how)
    for count in (2, 7):
        with threads(count):
            again = log.aggregate(how)
        for name in ("offsets", "columns", "values"):
            np.testing.assert_array_equal(getattr(again.csr, name), getattr(once.csr, name))
        np.testing.assert_array_equal(again.timestamps, once.timestamps)


@pytest.mark.parametrize(
    ("how", "kind_weights", "message"),
    [
        ("mean", None, "how: 'mean' is unknown"),
        ("sum", {"vew": 1}, "'vew': unknown; did you mean 'view'"),
        ("sum", {"view": 1}, "kind_weights: give 'buy' one too"),
        ("sum", {"view": 1, "buy": -np.inf}, "kind_weights: -inf of 'buy' is no finite number"),
        ("sum", {"view": 1, "buy": np.nan}, "kind_weights: nan of 'buy'"),
    ],
)
def test_aggregate_checks_its_options(how, kind_weights, message):
    log = small(kinds=["view", "buy", "view", "view"])
    with pytest.raises(DataError, match=message):
        log.aggregate(how, kind_weights)


def test_a_sum_beyond_float32_is_refused_by_name():
    log = small(weights=[3e38, 1, 1, 3e38])
    with pytest.raises(DataError, match="user 1 and item 'a' add up to 6e\\+38"):
        log.aggregate("sum")
    assert log.aggregate("max").csr.values.max() == np.float32(3e38)


@given(logs(), st.sampled_from(["view", "cart", "buy"]))
def test_interactions_become_events_again(log, kind):
    merged = (log.only(kind) if log.kinds is not None else log).aggregate("max")
    again = Events.from_interactions(merged).aggregate("max")
    assert (merged.to_scipy() != again.to_scipy()).nnz == 0
    for name in ("kinds", "timestamps"):
        np.testing.assert_array_equal(getattr(again, name), getattr(merged, name))


def test_pairs_of_several_kinds_do_not_become_events():
    log = Events.from_ids(users=[1, 1], items=[1, 1], kinds=["view", "buy"])
    with pytest.raises(DataError, match="pairs had several kinds"):
        Events.from_interactions(log.aggregate())


def test_the_report_travels():
    log = small()
    report = Report().then("read", {"rows": np.int64(4)}, ["one note"])
    told = Events(log.users, log.items, log.user_rows, log.item_rows, report=report)
    assert told.take([0]).report is report
    joined = Events.concat([told, told]).report.to_dict()
    assert joined == [{"name": "read", "counts": {"rows": 4}, "notes": ["one note"]}] * 2


def as_tuples(log):
    """Every event by its ids and names."""
    columns = [log.users.decode(log.user_rows).tolist(), log.items.decode(log.item_rows).tolist()]
    if log.kinds is not None:
        columns.append([log.kind_names[kind] for kind in log.kinds])
    for column in (log.weights, log.timestamps, log.sessions):
        if column is not None:
            columns.append(column.tolist())
    return list(zip(*columns, strict=True))
