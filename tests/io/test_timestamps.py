import datetime as dt
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from pyrec._encode import Times
from pyrec.errors import DataError
from pyrec.io.formats import TimeFormat
from pyrec.io.timestamps import to_utc

NOW = 1_700_000_000


def times(values, meaning="number", missing=()):
    return Times(np.array(values), np.array(missing, dtype=np.int64), meaning)


def read(values, meaning="number", missing=(), **options):
    return to_utc(times(values, meaning, missing), TimeFormat(**options))


@pytest.mark.parametrize(
    ("scale", "name"),
    [(1, "seconds"), (10**3, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")],
)
@pytest.mark.parametrize("real", [int, float])
def test_the_unit_of_numbers_is_inferred_from_their_size(scale, name, real):
    values = [real((NOW + second) * scale) for second in (0, 86_400)]
    found, (note,) = read(values)
    np.testing.assert_allclose(found, [NOW * 10**6, (NOW + 86_400) * 10**6], atol=1)
    assert note == (f"{name} since 1970 inferred (2023-11-14T22:13:20Z to 2023-11-15T22:13:20Z)")


def test_some_wrong_times_do_not_change_the_unit():
    found, (note,) = read([0, NOW, NOW + 1, NOW + 2, NOW * 1000])
    assert found[1] == NOW * 10**6
    assert note.startswith("seconds")


def test_numbers_that_spell_a_date_and_time():
    found, notes = read([20200102030405, 20240531235959])
    assert found.view("datetime64[us]").astype("datetime64[s]").astype(str).tolist() == [
        "2020-01-02T03:04:05", "2024-05-31T23:59:59",
    ]  # fmt: skip
    assert notes == ["numbers such as 20240531235959 read as dates and times"]
    assert "milliseconds" in read([20200102030460, 20240531235959])[1][0]


def test_a_unit_is_for_numbers_only():
    with pytest.raises(DataError, match="has times of its own; timestamp_unit='ms' is for numbers"):
        read([NOW], "utc", timestamp_unit="ms")


def test_a_declared_unit_is_taken():
    found, notes = read([1, 2], timestamp_unit="ms")
    assert found.tolist() == [1000, 2000]
    assert notes == []
    assert read([1999, -1], timestamp_unit="ns")[0].tolist() == [1, -1]
    assert read([1396437466.94], timestamp_unit="s")[0].tolist() == [1396437466_940_000]


def test_missing_times_are_no_part_of_the_inference():
    found, (note,) = read([0, NOW], missing=[0])
    assert found.tolist() == [0, NOW * 10**6]
    assert "2023-11-14T22:13:20Z to 2023" in note
    found, notes = read([0, 0], missing=[0, 1])
    assert found.tolist() == [0, 0]
    assert notes == ["seconds since 1970 inferred"]


def test_dates_written_as_numbers():
    found, notes = read([20240229, 0, 19700102], missing=[1])
    assert found.tolist() == [1709164800_000_000, 0, 86_400_000_000]
    assert notes == ["numbers such as 20240531 read as dates"]
    assert "seconds" in read([20240229, 20241399])[1][0]  # 13 is no month


def test_times_that_know_their_zone_stay():
    assert read([5, 6], "utc", timezone="Asia/Tokyo")[0].tolist() == [5, 6]
    found, notes = read([5, 6], "local")
    assert found.tolist() == [5, 6]
    assert notes == ["times without a zone taken as UTC"]


@given(
    st.lists(st.datetimes(dt.datetime(1975, 1, 1), dt.datetime(2040, 1, 1)), min_size=1),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_local_times_equal_the_standard_library(clock, zone):
    local = np.array(clock, dtype="datetime64[us]").astype(np.int64)
    found, _ = read(local, "local", timezone=zone)
    expected = [
        (time.replace(tzinfo=ZoneInfo(zone)) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
        // dt.timedelta(microseconds=1)
        for time in clock
    ]
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("values", "meaning", "options", "message"),
    [
        (
            [1.0, np.nan],
            "number",
            {"timestamp_unit": "s"},
            "row 2: nan is no time in seconds since 1970",
        ),
        ([1.0, np.inf], "number", {}, "row 2: inf is no time in"),
        (
            [10**14],
            "number",
            {"timestamp_unit": "s"},
            "row 1: 100000000000000 is no time in seconds",
        ),
        (
            [2**62],
            "local",
            {"timezone": "Asia/Tokyo"},
            "row 1: the time is not between the years 1 an",
        ),
    ],
)
def test_times_that_are_none_are_named(values, meaning, options, message):
    with pytest.raises(DataError, match=message):
        read(values, meaning, **options)
