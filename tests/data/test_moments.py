import datetime

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from pyrec.config import Options
from pyrec.data.moments import Moment, clock, isoformat, microseconds
from pyrec.errors import ConfigError


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_agrees_with_datetime(time):
    utc = time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
    since = utc - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    assert microseconds(time.isoformat()) == since // datetime.timedelta(microseconds=1)


@given(st.integers(-(10**15), 10**17))
def test_round_trip(time):
    assert microseconds(isoformat(time)) == time


def test_times_beyond_the_calendar_are_still_told():
    assert isoformat(2**62) == f"{2**62} microseconds since 1970"


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "", "17:00"])
def test_other_texts_are_refused_by_name(text):
    with pytest.raises(ConfigError, match=r"at: .* is not a date or time such as"):
        microseconds(text, "at")


def test_dates_of_every_kind_are_options():
    class Window(Options, frozen=True, kw_only=True):
        start: Moment

    day = datetime.date(2024, 5, 31)
    for start in (day, "2024-05-31", np.datetime64("2024-05-31", "ns"), np.datetime64("2024-05-31"),
                  datetime.datetime(2024, 5, 31)):  # fmt: skip
        assert microseconds(Window(start=start).start) == 1717113600000000
        assert microseconds(start) == 1717113600000000


@pytest.mark.parametrize("other", [None, True, 1.5, np.datetime64("NaT"), np.timedelta64(1, "D")])
def test_what_is_no_moment_is_refused(other):
    with pytest.raises(ConfigError, match=r"at: .* is not a date or time such as"):
        microseconds(other, "at")


def test_the_clock_is_of_utc():
    assert abs(clock() - microseconds(datetime.datetime.now(datetime.UTC))) < 60_000_000
