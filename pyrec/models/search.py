"""Search ranges: which values of a hyper-parameter are worth trying, declared beside it.

An estimator names those of its options that matter in `Estimator.search`; `pyrec tune` and
`pyrec.Auto` look there, and ``[tune.search]`` of a configuration replaces single entries.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from msgspec import Meta

from pyrec.config import Options, build, suggestion
from pyrec.errors import ConfigError

__all__ = ["Choices", "Floats", "Integers", "Range", "Ranges", "near", "ranges"]


class Integers(Options, frozen=True, kw_only=True):
    """Whole numbers from `low` to `high`, both included; with `log` ratios count, not distances."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        """Check the ends too."""
        super().__post_init__()
        _check(self.low, self.high, self.log)


class Floats(Options, frozen=True, kw_only=True):
    """Numbers from `low` to `high`; with `log` ratios count, not distances."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        """Check the ends too."""
        super().__post_init__()
        _check(self.low, self.high, self.log)


class Choices(Options, frozen=True, kw_only=True):
    """A few values."""

    of: Annotated[tuple[str | float | int | bool | None, ...], Meta(min_length=1)]


Range: TypeAlias = Integers | Floats | Choices
Ranges: TypeAlias = Mapping[str, Range]


def _check(low: float, high: float, log: bool) -> None:
    if low > high:
        raise ConfigError(f"high: must not be below low, {low:g}, but is {high:g}")
    if log and low <= 0:
        raise ConfigError(f"low: must be above 0 where ratios count (log), not {low:g}")


def ranges(
    declared: Ranges, fields: tuple[str, ...], changes: Mapping[str, Any], path: str = "search"
) -> dict[str, Range]:
    """Return the declared ranges with some replaced, added, or taken out.

    Parameters
    ----------
    declared : mapping of str to Range
        Of an estimator.
    fields : tuple of str
        All options of that estimator.
    changes : mapping
        Per option a `Range`, a list of values, a table such as ``{"low": 8, "high": 64}`` (whole
        numbers if both are, with ``log`` if wanted), or False not to search it.
    path : str
        Where the changes stand in their document, for messages.

    Raises
    ------
    ConfigError
        For an unknown option, or a range that is none.

    Examples
    --------
    >>> declared = {"factors": Integers(low=32, high=256, log=True)}
    >>> ranges(declared, ("factors", "solver"), {"solver": ["cg", "exact"], "factors": False})
    {'solver': Choices(of=('cg', 'exact'))}
    """
    found = dict(declared)
    for name, change in changes.items():
        if name not in fields:
            raise ConfigError(f"{path}.{name}: unknown option{suggestion(name, fields)}")
        if change is False:
            found.pop(name, None)
        else:
            found[name] = _range(change, f"{path}.{name}")
    return found


def _range(given: Any, path: str) -> Range:
    if isinstance(given, Integers | Floats | Choices):
        return given
    if isinstance(given, list | tuple):
        return build(Choices, {"of": given}, path)
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{path}: must be a list of values, a table of low and high, or false, not {given!r}"
        )
    whole = all(isinstance(given.get(end, 0), int) for end in ("low", "high"))
    return build(Integers, given, path) if whole else build(Floats, given, path)


def near(declared: Ranges, options: Mapping[str, Any]) -> dict[str, Range]:
    """Return the ranges cut to what is near options that do well already.

    To either side a quarter of the range is left, in its own measure. A range of choices stays as
    it is, and so does one whose option is chosen by the data (None).

    Examples
    --------
    >>> declared = {"factors": Integers(low=16, high=256, log=True)}
    >>> near(declared, {"factors": 64})
    {'factors': Integers(low=32, high=128, log=True)}
    """
    return {name: _window(one, options[name]) for name, one in declared.items()}


def _window(one: Range, value: Any) -> Range:
    if isinstance(one, Choices) or value is None:
        return one
    middle = min(max(value, one.low), one.high)
    if one.log:
        reach = (one.high / one.low) ** 0.25
        low, high = middle / reach, middle * reach
    else:
        reach = (one.high - one.low) / 4
        low, high = middle - reach, middle + reach
    low, high = max(one.low, low), min(one.high, high)
    if isinstance(one, Integers):
        return Integers(low=round(low), high=round(high), log=one.log)
    return Floats(low=low, high=high, log=one.log)
