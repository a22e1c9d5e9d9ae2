"""Formats: what a reader of files has to be told, and cannot see in the path."""

import re
import zoneinfo
from typing import Literal

from pyrec.config import Options
from pyrec.errors import ConfigError

__all__ = ["Format", "TimeFormat"]


class Format(Options, frozen=True, kw_only=True):
    """How files are written.

    Parameters
    ----------
    format : {"csv", "parquet", "duckdb"}, optional
        By default what the suffix says.
    delimiter : str, optional
        By default the one under which the header has the columns asked for.
    quote : str
        What quotes fields that contain a delimiter; empty: nothing does.
    header : bool
        Whether the first line has names. Without, columns are named by position, from 0.
    encoding : str
        Of text: UTF-8, latin-1 or UTF-16.
    null_values : tuple of str
        Texts that stand for a missing value.
    table, query : str, optional
        Of a database file, one of the two.

    Raises
    ------
    ConfigError
        If a delimiter is empty or ends lines, or more than one character quotes.
    """

    format: Literal["csv", "parquet", "duckdb"] | None = None
    delimiter: str | None = None
    quote: str = '"'
    header: bool = True
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ("",)
    table: str | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        """Check what DuckDB would misunderstand."""
        super().__post_init__()
        if self.delimiter is not None and (not self.delimiter or set(self.delimiter) & set("\r\n")):
            raise ConfigError(
                f"delimiter: {self.delimiter!r} parts no fields; name one such as ','"
            )
        if len(self.quote) > 1:
            raise ConfigError(f"quote: {self.quote!r} must be one character, or none")


class TimeFormat(Options, frozen=True, kw_only=True):
    """How times are written.

    Parameters
    ----------
    timestamp_unit : {"s", "ms", "us", "ns"}, optional
        What numbers count since 1970; by default inferred from their size.
    timestamp_format : str, optional
        Of text, in the manner of ``strptime``; by default ISO 8601.
    timezone : str
        Of times that do not tell theirs, such as ``"Europe/Berlin"``.

    Raises
    ------
    ConfigError
        If the zone or a directive of the format is unknown, or a unit and a format are given.
    """

    timestamp_unit: Literal["s", "ms", "us", "ns"] | None = None
    timestamp_format: str | None = None
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Check the zone and the format."""
        super().__post_init__()
        if self.timestamp_unit and self.timestamp_format:
            raise ConfigError("timestamp_unit: is of numbers, timestamp_format of text; give one")
        try:
            zoneinfo.ZoneInfo(self.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(
                f"timezone: {self.timezone!r} is unknown; use a name such as 'Europe/Berlin'"
            ) from None
        unknown = set(re.findall("%(.?)", self.timestamp_format or "")) - set("YymdbBHIpMSfz%")
        if unknown:
            raise ConfigError(
                f"timestamp_format: %{min(unknown)} is unknown; known are "
                "%Y %y %m %d %b %B %H %I %p %M %S %f %z %%"
            )
