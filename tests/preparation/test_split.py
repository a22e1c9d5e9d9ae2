import json

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import assume, given
from strategies import logs

from pyrec import Events, read_events
from pyrec.config import Options, build
from pyrec.errors import ConfigError, DataError
from pyrec.preparation.split import (
    FoldSplit,
    GivenSplit,
    LastSplit,
    NoSplit,
    RandomSplit,
    SplitOptions,
    TimeSplit,
    UserSplit,
    split,
)

shares = st.floats(0.05, 0.95)
common = dict(target=st.sampled_from([None, "buy"]), repeats=st.sampled_from(["keep", "hold_out"]))
by_time = st.builds(TimeSplit, ratio=shares, at=st.none() | st.integers(1, 8), **common)
by_last = st.builds(
    LastSplit, n=st.integers(1, 3), order=st.sampled_from(["time", "arrival"]), **common
)
by_chance = st.builds(RandomSplit, ratio=shares, random_state=st.integers(0, 3), **common)
by_user = st.builds(
    UserSplit, ratio=shares, share=shares, n=st.none() | st.integers(1, 3),
    random_state=st.integers(0, 3), **common,
)  # fmt: skip
by_fold = st.builds(FoldSplit, k=st.integers(2, 4), random_state=st.integers(0, 3), **common)
full_logs = logs(kinds=True, timestamps=True, sessions=True, weights=True)


def numbered(log):
    """The log with each event's position as its session, so that it can be found again."""
    columns = log.user_rows, log.item_rows, log.kinds, log.kind_names, log.weights, log.timestamps
    return Events(log.users, log.items, *columns, np.arange(len(log)))


def cut(log, options):
    """The splits of a log; those that leave nothing to learn or judge are no examples."""
    try:
        made = split(numbered(log), options)
    except DataError as error:
        assume("split: " not in str(error))
        raise
    return made if isinstance(made, list) else [made]


def found(part):
    return [] if part is None else part.sessions.tolist()


@given(full_logs, st.one_of(by_time, by_last, by_chance, by_user, by_fold))
def test_every_event_is_somewhere_once(log, options):
    for made in cut(log, options):
        places = found(made.train) + found(made.histories) + found(made.test)
        assert len(set(places)) == len(places)
        told = made.description
        assert len(places) + sum(told["left_out"].values()) == len(log)
        for name in ("train", "test", "histories"):
            part = getattr(made, name)
            if part is not None:
                assert part.users is log.users
                assert told[name]["events"] == len(part) > 0
                assert told[name]["users"] == len(set(part.user_rows.tolist()))
                assert told[name]["items"] == len(set(part.item_rows.tolist()))
        if options.target is not None:
            assert set(made.test.kinds.tolist()) == {log.kind_names.index("buy")}


@given(full_logs, st.one_of(by_time, by_last, by_chance, by_user, by_fold))
def test_repeats_and_the_cold_are_counted(log, options):
    for made in cut(log, options):
        train, history, test = pairs(made.train), pairs(made.histories), pairs(made.test)
        told = made.description
        assert told["repeats"] == len(test & (train | history))
        assert told["new_pairs"] == len(test - (train | history))
        assert told["cold_users"] == len({u for u, _ in test} - {u for u, _ in train | history})
        assert told["cold_items"] == len({i for _, i in test} - {i for _, i in train})
        if options.repeats == "hold_out":
            assert told["repeats"] == 0
        assert json.loads(json.dumps(told)) == told
        assert told["method"] == options.get_params()["method"]


@given(full_logs, by_time)
def test_a_time_split_knows_nothing_of_the_future(log, options):
    (made,) = cut(log, options)
    assert made.train.timestamps.max() < made.test.timestamps.min()
    candidates = log.only("buy") if options.target else log
    if options.at is not None:
        assert len(made.test) == np.count_nonzero(candidates.timestamps >= options.at)
    else:
        assert len(made.test) >= options.ratio * len(candidates) - 1


@given(full_logs, by_last)
def test_a_last_split_tests_the_last_and_knows_nothing_later(log, options):
    (made,) = cut(log, options)
    when = np.arange(len(log)) if options.order == "arrival" else log.timestamps
    key = [(when[n], n) for n in range(len(log))]
    target = {"buy"} if options.target else set(log.kind_names)
    tested, trained = set(found(made.test)), set(found(made.train))
    for user in range(len(log.users)):
        events = [n for n in range(len(log)) if log.user_rows[n] == user]
        bought = [n for n in events if log.kind_names[log.kinds[n]] in target]
        latest = {log.item_rows[n]: n for n in sorted(bought, key=key.__getitem__)}
        held = sorted(latest, key=lambda item: key[latest[item]])[-options.n :]
        if not held:
            assert tested.isdisjoint(events)
            assert trained >= set(events)
            continue
        first = key[latest[held[0]]]
        expected = {n for n in bought if log.item_rows[n] in held and key[n] >= first}
        assert tested & set(events) == expected
        for n in trained & set(events):
            assert when[n] <= first[0]
            assert log.item_rows[n] not in held or when[n] < first[0]


def test_the_rest_of_a_basket_stays_and_its_own_views_do_not():
    log = Events.from_ids(
        users=[1] * 6, items=["cup", "tea", "jam", "jam", "jam", "cup"],
        kinds=["view", "buy", "view", "buy", "view", "view"], timestamps=[1, 5, 5, 5, 6, 7],
    )  # fmt: skip
    made = split(log, LastSplit(target="buy"))
    assert made.train.items.decode(made.train.item_rows).tolist() == ["cup", "tea"]
    assert made.description["left_out"] == {
        "later events of the user": 2,
        "the held-out item at the same time": 1,
    }


@given(full_logs, by_chance, st.randoms())
def test_chance_does_not_depend_on_the_order_of_the_log(log, options, random):
    (made,) = cut(log, options)
    order = list(range(len(log)))
    random.shuffle(order)
    again = split(log.take(order), options)
    assert pairs(again.test) == pairs(made.test)
    assert len(again.train) == len(made.train)
    candidates = len(pairs(log.only("buy") if options.target else log))
    wanted = max(1, round(options.ratio * candidates))
    assert len(pairs(made.test)) == min(wanted, candidates - 1)


@given(full_logs, by_fold)
def test_folds_test_every_pair_once(log, options):
    folds = cut(log, options)
    tested = [pair for fold in folds for pair in pairs(fold.test)]
    assert sorted(tested) == sorted(pairs(log.only("buy") if options.target else log))
    sizes = [len(pairs(fold.test)) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    assert [fold.description["fold"] for fold in folds] == list(range(options.k))


@given(full_logs, by_user)
def test_held_out_users_are_in_no_training(log, options):
    (made,) = cut(log, options)
    users = {name: set(getattr(made, name).user_rows.tolist()) for name in ("train", "test")}
    assert users["test"] == set(made.histories.user_rows.tolist())
    assert users["train"].isdisjoint(users["test"])
    assert made.description["held_out_users"] == len(users["test"])
    assert made.description["eligible_users"] > len(users["test"])
    if options.n is not None:
        for user in users["test"]:
            told = made.histories.timestamps[made.histories.user_rows == user]
            judged = made.test.timestamps[made.test.user_rows == user]
            assert told.max() <= judged.min()
    if options.n is None and options.target is None and options.repeats == "hold_out":
        for user in users["test"]:
            tested = sum(u == user for u, _ in pairs(made.test))
            owned = sum(u == user for u, _ in pairs(log))
            assert tested == min(max(1, np.rint(owned * options.share)), owned - 1)


def test_a_given_test_extends_the_vocabularies():
    log = Events.from_ids(users=[1, 2, 2], items=["a", "a", "b"], kinds=["view", "buy", "view"])
    test = Events.from_ids(users=[2, 3], items=["b", "c"])
    made = split(log, GivenSplit(target="buy"), test)
    assert made.train.users.ids.tolist() == made.test.users.ids.tolist() == [1, 2, 3]
    assert made.test.items.decode(made.test.item_rows).tolist() == ["b", "c"]
    assert [made.test.kind_names[kind] for kind in made.test.kinds] == ["buy", "buy"]
    told = made.description
    assert (told["cold_users"], told["cold_items"], told["repeats"]) == (1, 1, 1)
    held = split(log, GivenSplit(repeats="hold_out"), test)
    assert (len(held.train), held.description["repeats"]) == (2, 0)
    with pytest.raises(DataError, match="the test's ids: the vocabulary holds integers"):
        split(log, GivenSplit(), Events.from_ids(users=["x"], items=["b"]))
    with pytest.raises(DataError, match="a GivenSplit needs the test"):
        split(log, GivenSplit())
    with pytest.raises(DataError, match="only a GivenSplit or SessionSplit takes"):
        split(log, RandomSplit(), test)


def test_no_split_trains_on_everything():
    log = Events.from_ids(users=[1], items=[1])
    made = split(log, NoSplit())
    assert (made.train, len(made.test), made.description["method"]) == (log, 0, "none")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (TimeSplit(), "a split by time needs timestamps"),
        (LastSplit(), "the last items of a user needs timestamps"),
        (LastSplit(target="sale"), "kind 'sale': unknown; known are"),
        (LastSplit(order="arrival", n=3), "nothing would be left to learn from"),
        (FoldSplit(k=4), "3 pairs are too few for 4 folds"),
        (UserSplit(), "1 users are too few"),
        (RandomSplit(target="view"), "1 pairs are too few"),
    ],
)
def test_what_cannot_be_split_is_named(options, message):
    log = Events.from_ids(users=[1, 1, 2], items=[1, 2, 1], kinds=["view", "buy", "buy"])
    with pytest.raises(DataError, match=message):
        split(log, options)


def test_the_report_tells_of_the_split():
    log = Events.from_ids(users=[1, 1, 2], items=[1, 2, 1], timestamps=[1, 2, 3])
    step = split(log, TimeSplit(at=3)).train.report.steps[-1]
    assert step.name == "split"
    assert step.counts == {"train": 2, "test": 1, "other kinds from then on": 0}


@given(st.one_of(by_time, by_last, by_chance, by_user, by_fold))
def test_options_round_trip_through_plain_data(options):
    class Run(Options, frozen=True, kw_only=True):
        split: SplitOptions

    assert build(Run, msgspec.to_builtins(Run(split=options))).split == options


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (dict(method="tme"), "split.method: 'tme' is unknown; did you mean 'time'"),
        (dict(method="time", raito=0.1), "split.raito: unknown option; did you mean 'ratio'"),
        (dict(method="time", ratio=1.5), "split.ratio: expected `float` < 1.0"),
        (dict(method="time", at="soon"), "at: 'soon' is not a date or time"),
        (dict(method="last", n=0), "split.n: expected `int` >= 1"),
    ],
)
def test_configuration_is_strict(table, message):
    class Run(Options, frozen=True, kw_only=True):
        split: SplitOptions

    with pytest.raises(ConfigError, match=message):
        build(Run, {"split": table})


@pytest.mark.real_data
def test_last_transactions_of_retailrocket(real_data):
    log = read_events(
        real_data / "retailrocket" / "events.csv.gz", user="visitorid", item="itemid",
        event="event", timestamp="timestamp",
    )  # fmt: skip
    kept = split(log, LastSplit(target="transaction")).description
    new = split(log, LastSplit(target="transaction", repeats="hold_out")).description
    assert kept["test"]["users"] == new["test"]["users"] == 2_174
    # Nearly every purchase was looked at before: a test that hides what was seen judges nothing.
    assert kept["repeats"] > 0.9 * kept["test"]["events"]
    assert new["repeats"] == 0
    assert kept["left_out"]["later events of the user"] > 1_000
    given = split(
        log,
        GivenSplit(target="transaction"),
        read_events(
            real_data / "retailrocket" / "test_transactions.csv.gz", user="visitorid", item="itemid"
        ),
    ).description
    assert (given["test"]["events"], given["repeats"]) == (2_174, 0)


@pytest.mark.real_data
def test_time_split_of_taobao(real_data):
    log = read_events(
        real_data / "taobao_events" / "events.csv.gz", user="user", item="item",
        event="event", timestamp="timestamp",
    )  # fmt: skip
    made = split(log, TimeSplit(at="2017-12-02T16:00:00Z", target="buy"))
    assert made.description["at"] == "2017-12-02T16:00:00Z"
    assert made.train.timestamps.max() < made.test.timestamps.min()
    assert made.description["test"]["events"] == len(made.test) > 10_000


@pytest.mark.real_data
def test_held_out_users_of_movielens(real_data):
    log = read_events(
        real_data / "ml-100k" / "u.data.gz", user=0, item=1, weight=2, timestamp=3,
        header=False, delimiter="\t",
    )  # fmt: skip
    made = split(log, UserSplit(ratio=0.1, share=0.2))
    assert made.description["held_out_users"] == 94
    assert made.description["repeats"] == made.description["cold_users"] == 0
    assert 0.18 < len(made.test) / (len(made.test) + len(made.histories)) < 0.22


def pairs(log):
    if log is None:
        return set()
    return set(zip(log.user_rows.tolist(), log.item_rows.tolist(), strict=True))
