"""Bitsets over rows: bit ``i % 64`` of word ``i // 64``, as the kernels read what is allowed."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Words", "bits_at", "pack", "unpack"]

Words: TypeAlias = NDArray[np.uint64]
"""The words of a bitset; bits after the last row are 0."""


def pack(mask: NDArray[np.bool_]) -> Words:
    """Return a mask as a bitset.

    Examples
    --------
    >>> import numpy as np
    >>> pack(np.array([True, False, True])).tolist()
    [5]
    """
    words = np.zeros(-(-len(mask) // 64), np.uint64)
    packed = np.packbits(mask, bitorder="little")
    words.view(np.uint8)[: len(packed)] = packed
    return words


def unpack(words: Words, n: int) -> NDArray[np.bool_]:
    """Return a bitset of `n` rows as a mask."""
    return np.unpackbits(words.view(np.uint8), count=n, bitorder="little").view(np.bool_)


def bits_at(words: Words, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell for each of the rows whether its bit is set."""
    bits: NDArray[np.uint64] = words[rows >> 6] >> (rows & 63).astype(np.uint64) & np.uint64(1)
    return bits.astype(np.bool_)
