import pytest

from pyrec.errors import ConfigError
from pyrec.io.formats import Format, TimeFormat


def test_defaults():
    assert Format().header
    assert Format().null_values == ("",)
    assert TimeFormat(timestamp_format="%d.%m %z", timezone="Europe/Berlin").timestamp_unit is None


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Format, dict(delimeter=","), "delimeter: unknown option; did you mean 'delimiter'"),
        (Format, dict(format="excel"), "format: invalid enum value 'excel'"),
        (Format, dict(header="no"), "header: expected `bool`"),
        (Format, dict(delimiter=""), "delimiter: '' parts no fields"),
        (Format, dict(delimiter="\n"), "delimiter: '.n' parts no fields"),
        (Format, dict(quote="''"), "must be one character"),
        (
            TimeFormat,
            dict(timestamp_unit="s", timestamp_format="%Y"),
            "timestamp_unit: is of numbers",
        ),
        (TimeFormat, dict(timestamp_unit="h"), "timestamp_unit: invalid enum value 'h'"),
        (
            TimeFormat,
            dict(timestamp_format="%d %Q"),
            "timestamp_format: %Q is unknown; known are %Y",
        ),
        (TimeFormat, dict(timestamp_format="%d%"), "timestamp_format: % is unknown"),
        (TimeFormat, dict(timezone="Mars"), "timezone: 'Mars' is unknown; use a name such as"),
        (TimeFormat, dict(timezone="../etc"), "timezone: '../etc' is unknown"),
    ],
)
def test_wrong_options_are_named(kind, options, message):
    with pytest.raises(ConfigError, match=message):
        kind(**options)
