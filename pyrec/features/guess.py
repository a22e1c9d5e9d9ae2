"""Guess which steps make good features of a table, by looking at its columns."""

import re
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data.catalogue import Catalogue
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.features.encodings import Buckets, MultiHot, OneHot
from pyrec.features.pipeline import AnyStep
from pyrec.features.text import Text
from pyrec.features.values import numbers, texts

__all__ = ["guess_steps"]

_SEPARATORS = ("|", ";", ",")
# Numbers that are names: that one is greater than another means nothing.
_NAMES = re.compile(r"(^|[^a-z])(id|code|key|no|nr|zip|postcode)s?$|[a-z](Id|ID|Code|Key)$")
# So few different numbers are categories, and so many words still the name of one.
_FEW_NUMBERS, _FEW_WORDS = 20, 4


def guess_steps(table: Catalogue, leave_out: Collection[str] = ()) -> tuple[AnyStep, ...]:
    """Return steps that make features of what the columns of a table seem to hold.

    =============================================== ================================
    a column of                                     becomes
    =============================================== ================================
    numbers, more than 20 different ones            `Buckets`
    lists such as ``"tea|green"``                   `MultiHot`
    short texts that most rows share with others    `OneHot`, of what two rows have
    other texts with words                          `Text`
    anything else: ids, addresses, one value only   nothing
    =============================================== ================================

    All of them are sparse and not negative, and each counts about as much as any other.

    Parameters
    ----------
    table : Catalogue
        What is known of items or users.
    leave_out : collection of str
        Columns that are none of it.

    Examples
    --------
    >>> shop = Catalogue(
    ...     Vocabulary.range(4),
    ...     {
    ...         "brand": np.array(["Clay", "Leaf", "Clay", "Leaf"]),
    ...         "title": np.array(["Red mug, large", "Fine green tea", "Blue mug", "Some tea"]),
    ...     },
    ... )
    >>> guess_steps(shop)
    (OneHot(column='brand', min_count=2, other=False, missing='zero'), \
Text(column='title', max_features=20000, min_df=2, missing='zero'))
    """
    guesses = (_guess(table, name) for name in table.columns if name not in leave_out)
    return tuple(step for step in guesses if step is not None)


def _guess(table: Catalogue, name: str) -> AnyStep | None:
    column = texts(table, name)
    column = column[column != ""]
    distinct, codes = Vocabulary.factorize(column)
    if len(distinct) < 2:
        return None
    if _are_quantities(table, name, len(distinct)):
        return Buckets(column=name)
    if separator := _separator(column):
        return MultiHot(column=name, separator=separator, min_count=2)
    shared = np.mean(np.bincount(codes)[codes] > 1)
    words = np.mean([len(text.split()) for text in distinct.ids.tolist()])
    if shared >= 0.5 and words <= _FEW_WORDS:
        return OneHot(column=name, min_count=2)
    return Text(column=name) if words >= 2 else None


def _are_quantities(table: Catalogue, name: str, distinct: int) -> bool:
    if distinct <= _FEW_NUMBERS or _NAMES.search(name):
        return False
    try:
        numbers(table, name)
    except DataError:
        return False
    return True


def _separator(column: NDArray[Any]) -> str | None:
    """Return what stands between the entries of lists, if these are lists of labels that recur."""
    for separator in _SEPARATORS:
        lists = [text.split(separator) for text in column.tolist()]
        if np.mean([len(entries) > 1 for entries in lists]) < 0.1:
            continue
        labels = [label.strip() for entries in lists for label in entries]
        if len(labels) >= 3 * len(set(labels)):
            return separator
    return None
