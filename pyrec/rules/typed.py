"""Comparisons as people type them: ``price < 20``."""

import re

from pyrec.errors import DataError
from pyrec.rules.predicates import Predicate, where

__all__ = ["typed_predicate"]

_COMPARISON = re.compile(r"\s*(.+?)\s*(<=|>=|!=|<|>|=|\sin\s)\s*(.*?)\s*", re.DOTALL)


def typed_predicate(text: str) -> Predicate:
    """Return the predicate of one comparison: a column, a sign, and a value.

    The signs are ``<``, ``<=``, ``>``, ``>=``, ``=``, ``!=`` and ``in``, which takes several values
    with commas between. A value is a number if it looks like one; quotes make it text. What is not
    equal has some other value: an unknown one is none.

    Raises
    ------
    DataError
        If it is no comparison.

    Examples
    --------
    >>> typed_predicate("price < 20") == (where("price") < 20)
    True
    >>> typed_predicate("brand in Clay, Leaf") == where("brand").isin(["Clay", "Leaf"])
    True
    """
    found = _COMPARISON.fullmatch(text)
    if not found or not found[3]:
        raise DataError(f"{text!r}: is no comparison such as 'price < 20' or 'brand in Clay, Leaf'")
    if found[3][0] in "=<>" or (found[3][0] in "'\"" and found[3][-1] != found[3][0]):
        raise DataError(f"{text!r}: the signs are <, <=, >, >=, =, != and in; quotes come in pairs")
    column, sign = where(found[1]), found[2].strip()
    if sign == "in":
        parts = [part for part in found[3].split(",") if part.strip()]
        if not parts:
            raise DataError(f"{text!r}: names no value")
        return column.isin([_value(part) for part in parts])
    value = _value(found[3])
    if sign == "=":
        return column.equals(value)
    if sign == "!=":
        return ~column.equals(value) & ~column.missing()
    if isinstance(value, str):
        raise DataError(f"{text!r}: {sign} compares with a number, not with {value!r}")
    if sign == "<":
        return column < value
    if sign == "<=":
        return column <= value
    return column > value if sign == ">" else column >= value


def _value(text: str) -> str | float:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    try:
        return float(text)
    except ValueError:
        return text
