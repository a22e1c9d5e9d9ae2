import numpy as np
import pytest

from pyrec.data.columns import checked_codes, checked_positions, checked_timestamps, frozen, owned
from pyrec.errors import DataError


def test_frozen_copies_only_what_could_change():
    array = np.arange(3)
    copy = frozen(array)
    array[0] = 9
    assert copy.tolist() == [0, 1, 2]
    assert frozen(copy) is copy


def test_owned_does_not_freeze_somebody_elses_memory():
    base = np.arange(6)
    part = owned(base[:3])
    base[0] = 9
    assert part.tolist() == [0, 1, 2]
    assert base.flags.writeable


def test_codes_are_checked_before_they_are_narrowed():
    assert checked_codes([0, 1], 2, np.uint8, "kinds").dtype == np.uint8
    with pytest.raises(DataError, match=r"kinds\[0\] = 256 is outside \[0, 2\)"):
        checked_codes([256, 1], 2, np.uint8, "kinds")


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us", "ns"])
def test_datetimes_of_every_unit(unit):
    day = np.array(["2020-01-02"], f"datetime64[{unit}]")
    assert checked_timestamps(day).tolist() == [1577923200000000]


def test_datetimes_beyond_64_bits_of_microseconds_are_refused():
    with pytest.raises(DataError, match=r"timestamps\[0\] = .* is out of range"):
        checked_timestamps(np.array(["500000-01-01"], "datetime64[D]"))


def test_positions():
    assert checked_positions([], 3).tolist() == []
    with pytest.raises(DataError, match="users: positions must be in"):
        checked_positions([3], 3, "users")
