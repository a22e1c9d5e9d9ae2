"""Strict configuration: plain data in, frozen validated structs out.

The same struct is built from Python keywords, a TOML table, or ``--set a.b=c`` on the command line,
and one function does the checking, so all three give the same message.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from pyrec.errors import ConfigError

__all__ = ["Options", "build", "read_toml", "to_toml"]

T = TypeVar("T")


class _OptionsMeta(msgspec.StructMeta):
    """Makes an unknown keyword the same error as an unknown key in a file."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if args:
            example = f"{next(iter(cls.__struct_fields__), 'option')}=..."
            raise ConfigError(f"{cls.__name__}: options go by name: {cls.__name__}({example})")
        for name in kwargs:
            if name not in cls.__struct_fields__:
                raise ConfigError(
                    f"{name}: unknown option{suggestion(name, cls.__struct_fields__)}"
                )
        return super().__call__(*args, **kwargs)


class Options(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, metaclass=_OptionsMeta
):
    """Base of every options struct: frozen, keyword-only, checked however it is constructed.

    A ``msgspec.Struct`` checks its annotations when it is converted from plain data but not when it
    is called; this base does so in both cases, turns numpy scalars into plain ones, and refuses
    numbers that are not finite.

    Raises
    ------
    ConfigError
        If a value has the wrong type or is out of range.
    """

    def __post_init__(self) -> None:
        """Check every field against its annotation."""
        types = get_type_hints(type(self), include_extras=True)
        for name in self.__struct_fields__:
            value = _plain(getattr(self, name), name)
            checked = _convert(value, types[name], name)
            if checked is not getattr(self, name):
                msgspec.structs.force_setattr(self, name, checked)

    def get_params(self) -> dict[str, Any]:
        """Return the options as plain data: what `build` takes back."""
        return msgspec.to_builtins(self)  # type: ignore[no-any-return]

    def replace(self: T, **changes: Any) -> T:
        """Return a copy with some options changed, checked like a new one."""
        return build(type(self), {**msgspec.structs.asdict(self), **changes})  # type: ignore[arg-type]


def build(kind: type[T], options: Mapping[str, Any], path: str = "") -> T:
    """Build an options struct from a mapping, or raise naming the offending option.

    Parameters
    ----------
    kind : type
        An `Options` class.
    options : mapping
        Field names and values; nested structs as mappings.
    path : str, optional
        Where the mapping stands in its document, such as ``"model"``: prefixed to names in errors.

    Returns
    -------
    kind

    Raises
    ------
    ConfigError
        For an unknown option (with the nearest right name), a missing one, a wrong type, or a value
        out of range.

    Examples
    --------
    >>> class Window(Options, frozen=True, kw_only=True):
    ...     days: int = 30
    >>> build(Window, {"day": 7}, path="split")
    Traceback (most recent call last):
    ...
    pyrec.errors.ConfigError: split.day: unknown option; did you mean 'days'?
    """
    _check_names(kind, options, path)
    built: T = _convert(_plain(dict(options), path), kind, path)
    return built


def suggestion(name: str, known: tuple[str, ...] | list[str]) -> str:
    """Return ``; did you mean ...?`` for the nearest known name, or the list of all names."""
    nearest = difflib.get_close_matches(name, known, n=1)
    if nearest:
        return f"; did you mean {nearest[0]!r}?"
    return "; known are " + ", ".join(map(repr, sorted(known)))


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not TOML; names the file and line.
    """
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def to_toml(options: Mapping[str, Any]) -> str:
    """Write plain options as TOML that `read_toml` reads back; None is left out.

    Examples
    --------
    >>> print(to_toml({"k": 20, "model": {"name": "als", "alpha": 0.5, "solver": None}}))
    k = 20
    <BLANKLINE>
    [model]
    name = "als"
    alpha = 0.5
    <BLANKLINE>
    """
    lines = [f"{_key(name)} = {_toml(value)}" for name, value in options.items()
             if not isinstance(value, Mapping) and value is not None]  # fmt: skip
    for name, value in options.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{_key(name)}]"]
            lines += [f"{_key(k)} = {_toml(v)}" for k, v in value.items() if v is not None]
    return "\n".join(lines).lstrip("\n") + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        entries = (f"{_key(k)} = {_toml(v)}" for k, v in value.items() if v is not None)
        return "{ " + ", ".join(entries) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # strings, numbers and booleans are alike in both


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _check_names(kind: Any, options: Mapping[str, Any], path: str) -> None:
    """Raise for the first unknown name, in nested options too: msgspec would not suggest one."""
    known, tag_field = kind.__struct_fields__, kind.__struct_config__.tag_field
    types = get_type_hints(kind)
    for name, value in options.items():
        if name not in known and name != tag_field:
            raise ConfigError(_join(path, name) + ": unknown option" + suggestion(name, known))
        for table, where in _tables(value, _join(path, name)):
            if nested := _nested(types[name], table, where):
                _check_names(nested, table, where)


def _tables(value: Any, path: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the tables in a value, which is one or a list of them, and where they stand."""
    if isinstance(value, Mapping):
        yield value, path
    elif isinstance(value, list | tuple):
        for at, entry in enumerate(value):
            if isinstance(entry, Mapping):
                yield entry, f"{path}[{at}]"


def _nested(hint: Any, options: Mapping[str, Any], path: str) -> Any:
    """Return the options class that a table in a field of this type is meant for, if any.

    Of several classes the table names one by its tag, such as ``method = "time"``.
    """
    classes = _classes(hint)
    by_tag = {str(c.__struct_config__.tag): c for c in classes if c.__struct_config__.tag}
    if not by_tag:
        return classes[0] if classes else None
    field = str(classes[0].__struct_config__.tag_field)
    tag = str(options.get(field, ""))
    if tag not in by_tag:
        raise ConfigError(f"{path}.{field}: {tag!r} is unknown{suggestion(tag, list(by_tag))}")
    return by_tag[tag]


def _classes(hint: Any) -> list[type[Options]]:
    """Return the options classes that a field of this type, or a list in it, may hold."""
    if isinstance(hint, type) and issubclass(hint, Options):
        return [hint]
    if get_origin(hint) is dict:
        return []
    return [kind for member in get_args(hint) for kind in _classes(member)]


def _plain(value: Any, path: str) -> Any:
    """Turn numpy scalars and dates into plain values, and refuse NaN and infinity."""
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not np.isfinite(value):
        raise ConfigError(f"{path}: {value} is not a finite number")
    if isinstance(value, dict):
        return {key: _plain(item, _join(path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item, path) for item in value)
    return value


def _convert(value: Any, kind: Any, path: str) -> Any:
    try:
        return msgspec.convert(value, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        raise ConfigError(_located(str(error), path) + _choices(value, kind)) from None


def _choices(value: Any, kind: Any) -> str:
    """Return the names that a field of a few names may have, with the nearest."""
    names = [n for member in (kind, *get_args(kind)) if get_origin(member) is Literal
             for n in get_args(member)]  # fmt: skip
    nearest = suggestion(str(value).lower(), list(map(str, names)))
    return nearest if names else ""


def _located(message: str, path: str) -> str:
    """Turn msgspec's "... - at `$.a.b`" into "path.a.b: ...".

    What an options struct raised itself begins with the name of its option: that ends the path.
    """
    message = re.sub(r"Object missing required field `(\w+)`", r"\1: is required", message)
    found = re.fullmatch(r"(?s)(.*?)(?: - at `\$\.?(.*)`)?", message)
    text, inner = found.groups() if found else (message, None)
    where = _join(path, inner or "")
    text = text[:1].lower() + text[1:]
    if own := re.match(r"(?s)([a-z_]+(?:\[\d+\]|\.[\w-]+)*): (.*)", text):
        where, text = _join(where, own.group(1)), own.group(2)
    return f"{where}: {text}" if where else text


def _join(path: str, name: str) -> str:
    return ".".join(part for part in (path, name) if part)
