import pytest

from pyrec.errors import ConfigError
from pyrec.io.formats import Format, TimeFormat


def test_defaults():
    assert Format().header
    assert Format().null_values == ("",)
    assert TimeFormat(format="%d.%m.%Y %H:%M:%S%z", zone="Europe/Berlin").unit is None


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Format, dict(delimeter=","), "delimeter: unknown option; did you mean 'delimiter'"),
        (Format, dict(format="excel"), "format: invalid enum value 'excel'"),
        (Format, dict(header="no"), "header: expected `bool`"),
        (Format, dict(delimiter=""), "delimiter: '' parts no fields"),
        (Format, dict(delimiter="\n"), "delimiter: '.n' parts no fields"),
        (Format, dict(quote="''"), "must be one character"),
        (TimeFormat, dict(unit="s", format="%Y"), "timestamp_unit: is of numbers"),
        (TimeFormat, dict(unit="h"), "unit: invalid enum value 'h'"),
        (TimeFormat, dict(format="%d %Q"), "timestamp_format: %Q is unknown; known are %Y"),
        (TimeFormat, dict(format="%d%"), "timestamp_format: % is unknown"),
        (TimeFormat, dict(zone="Mars"), "timezone: 'Mars' is unknown; use a name such as"),
        (TimeFormat, dict(zone="../etc"), "timezone: '../etc' is unknown"),
    ],
)
def test_wrong_options_are_named(kind, options, message):
    with pytest.raises(ConfigError, match=message):
        kind(**options)
