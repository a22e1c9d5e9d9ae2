import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import logs

from pyrec import Events, Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.data.moments import DAY
from pyrec.errors import ConfigError, DataError
from pyrec.features.encodings import Known
from pyrec.features.statistics import Statistics, log_statistics

PRICES = Catalogue(
    Vocabulary([f"item {j}" for j in range(1, 6)]), {"price": np.array([1.0, 2, 2, 8, np.nan])}
)


def stretched(events):
    """Return a log with days and hours between its events: those of `logs` are microseconds."""
    times = events.timestamps * (DAY // 3 + 7_000_000)
    return Events(
        events.users, events.items, events.user_rows, events.item_rows, events.kinds,
        events.kind_names, events.weights, times, events.sessions,
    )  # fmt: skip


def expected(events, of, row, end, window):
    """Return the statistics of one id the long way round: event by event."""
    mine = events.user_rows if of == "users" else events.item_rows
    other = events.item_rows if of == "users" else events.user_rows
    own = np.flatnonzero(mine == row)
    times, day = events.timestamps[own], events.timestamps.min()
    found = {"events": len(own), f"distinct {'items' if of == 'users' else 'users'}":
             len(set(other[own].tolist()))}  # fmt: skip
    if len(own):
        days = len({(t - day) // DAY for t in times.tolist()})
        weeks = len({(t - day) // (7 * DAY) for t in times.tolist()})
        ago = (end - times) / DAY
        recent, before = sum(ago <= window), sum((ago > window) & (ago <= 2 * window))
        found |= {
            "recency": (end - times.max()) / DAY, "tenure": (end - times.min()) / DAY,
            "events per active day": len(own) / days, "events per active week": len(own) / weeks,
            "trend": np.log((recent + 1) / (before + 1)),
        }  # fmt: skip
    return found


@given(logs(timestamps=True), st.sampled_from(["users", "items"]))
def test_counts_and_times_are_those_of_a_slow_loop(events, of):
    if not len(events):
        return
    events = stretched(events)
    end = int(events.timestamps.max())
    table = log_statistics(events, of, window=1.5)
    for row in range(len(table)):
        for name, value in expected(events, of, row, end, 1.5).items():
            assert table.columns[name][row] == pytest.approx(value), name
    for code, kind in enumerate(events.kind_names):
        assert table.columns[f"events:{kind}"].sum() == np.sum(events.kinds == code)


@given(logs(timestamps=True), st.randoms(use_true_random=False))
def test_the_order_of_the_log_plays_no_part(events, random):
    if not len(events):
        return
    order = list(range(len(events)))
    random.shuffle(order)
    for of in ("users", "items"):
        one, other = (log_statistics(log, of) for log in (events, events.take(order)))
        for name in one.columns.keys() - {"dwell"}:  # of two at the same time either may be first
            assert np.allclose(one.columns[name], other.columns[name], equal_nan=True), name


def test_dwell_is_the_time_to_the_next_event_of_the_session():
    seconds = np.array([100, 0, 40, 5000, 7, 0]) * 1_000_000
    log = Events.from_ids(
        users=[1, 1, 1, 1, 2, 2], items=[7, 8, 7, 9, 7, 7],
        timestamps=seconds, sessions=[0, 0, 0, 0, 1, 2],
    )  # fmt: skip
    # User 1: 40 s on 8, 60 s on 7, then half an hour at most; sessions 1 and 2 have one event each.
    people = log_statistics(log, "users").columns["dwell"]
    assert people.tolist() == pytest.approx([(40 + 60 + 1800) / 3, np.nan], nan_ok=True)
    items = log_statistics(log, "items").columns["dwell"]
    assert items.tolist() == pytest.approx([(60 + 1800) / 2, 40, np.nan], nan_ok=True)


def test_money_conversion_and_price_level():
    log = Events.from_ids(
        users=["a", "a", "a", "b", "b"],
        items=["item 1", "item 4", "item 4", "item 2", "item 5"],
        kinds=["view", "buy", "view", "buy", "buy"],
        weights=[1, 3, 1, 2, 1],
    )
    kinds = dict(view="view", target="buy")
    people = log_statistics(log, "users", catalogue=PRICES, price="price", **kinds).columns
    assert people["spent"].tolist() == [24, 4]
    # Of the prices 1, 2, 2, 8 the last is dearer than three, and than half of itself; 2 than one,
    # and than half of the twos.
    assert people["price level"].tolist() == [3.5 / 4, 2 / 4]
    rate = 3 / 2
    assert people["conversion"].tolist() == [(1 + 10 * rate) / 12, (2 + 10 * rate) / 10]
    assert people["mean weight"].tolist() == pytest.approx([5 / 3, 1.5])
    items = log_statistics(log, "items", catalogue=PRICES, price="price", target="buy").columns
    assert items["spent"].tolist() == [0, 4, 24, 0]
    level = [0.5 / 4, 2 / 4, 3.5 / 4, np.nan]
    assert items["price level"].tolist() == pytest.approx(level, nan_ok=True)


def test_an_event_that_is_not_before_the_end_is_refused():
    log = Events.from_ids(users=[1, 2], items=[1, 2], timestamps=[5 * DAY, 6 * DAY])
    with pytest.raises(DataError, match="1 of 2 are not before 1970-01-07T00:00:00Z, the end"):
        log_statistics(log, "users", until="1970-01-07")
    assert log_statistics(log, "users", until="1970-01-08").columns["recency"].tolist() == [2, 1]
    with pytest.raises(DataError, match="until: the events have no timestamps"):
        log_statistics(Events.from_ids(users=[1], items=[1]), "users", until="1970-01-07")


def test_wrong_arguments_are_refused():
    log = Events.from_ids(users=[1], items=[1], kinds=["buy"])
    with pytest.raises(DataError, match="events: must be of type Events, not list"):
        log_statistics([], "users")
    with pytest.raises(ConfigError, match="of: must be 'users' or 'items', not 'user'"):
        log_statistics(log, "user")
    with pytest.raises(ConfigError, match="window, smoothing: must be greater than 0"):
        log_statistics(log, "users", window=0)
    with pytest.raises(ConfigError, match="view: needs a target"):
        log_statistics(log, "users", view="buy")
    with pytest.raises(ConfigError, match="price: needs the catalogue"):
        log_statistics(log, "users", price="price")
    with pytest.raises(DataError, match="column 'prise': unknown; did you mean 'price'"):
        log_statistics(log, "users", catalogue=PRICES, price="prise")
    with pytest.raises(DataError, match="kind 'veiw': unknown"):
        log_statistics(log, "users", view="veiw", target="buy")


def test_the_step_keeps_its_numbers_by_id():
    log = Events.from_ids(users=[1, 1, 1, 2], items=[7, 8, 8, 8])
    step = Statistics(columns=("events", "distinct items"), scale="standard")
    arrays = step.fit(Known(Catalogue(log.users, {}), of="users", events=log))
    encoded = step.encode(Known(Catalogue(Vocabulary([2, 3, 1]), {})), arrays)
    assert encoded.names == ("events", "distinct items")
    assert encoded.matrix.tolist() == [[-1, -1], [0, 0], [1, 1]]
    assert encoded.counts == {"statistics: without events": 1}


def test_the_step_needs_a_log_and_columns_that_there_are():
    table = Catalogue(Vocabulary([1]), {})
    with pytest.raises(DataError, match="statistics: need the log"):
        Statistics().fit(Known(table))
    log = Events.from_ids(users=[1], items=[1])
    with pytest.raises(DataError, match="there is no 'recency' in this log; known are 'dist"):
        Statistics(columns=("recency",)).fit(Known(table, of="users", events=log))
