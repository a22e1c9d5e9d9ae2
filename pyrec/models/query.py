"""Query arguments, the same in every model: ids to rows, and which items may appear."""

import logging
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.data.bits import Words, bits_at, pack
from pyrec.data.interactions import as_csr, entry_rows, found_in, frozen, select
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.runtime import resolve_threads

__all__ = [
    "Filter",
    "checked_k",
    "checked_rows",
    "encode_queries",
    "is_truth",
    "known_rows",
    "paired_rows",
    "require_room",
    "resolve_filter",
]

logger = logging.getLogger("pyrec")


@dataclass(frozen=True)
class Filter:
    """Which items may appear, for `n` queries.

    Parameters
    ----------
    exclude : Csr (n, n_items), optional
        Pattern of what may not appear, per query.
    allowed : uint64 (n_items / 64 rounded up,), optional
        A bitset of the items that may appear at all (`pyrec.data.bits`).
    candidates : Csr (n, n_items), optional
        Pattern of the only items that may appear, per query.
    repeatable : uint64 (n_items / 64 rounded up,), optional
        A bitset of the items that stay although the user had them.
    """

    exclude: Csr | None = None
    allowed: Words | None = None
    candidates: Csr | None = None
    repeatable: Words | None = None

    def take(self, queries: NDArray[np.int32]) -> Self:
        """Return the filter of some of the queries."""
        return replace(
            self,
            exclude=self.exclude.take(queries) if self.exclude else None,
            candidates=self.candidates.take(queries) if self.candidates else None,
        )

    def excluding(self, pattern: Csr) -> Self:
        """Return the filter that excludes `pattern` as well."""
        if self.exclude is None:
            return replace(self, exclude=pattern)
        return replace(self, exclude=self.exclude.united(pattern))

    def hiding(self, seen: Csr) -> Self:
        """Return the filter that excludes what users had as well, but for repeatable goods."""
        if self.repeatable is None:
            return self.excluding(seen)
        return self.excluding(select(seen, ~bits_at(self.repeatable, seen.columns)))

    def allowing(self, words: Words | None) -> Self:
        """Return the filter that allows, of what it does, the items of a bitset; None for all."""
        if words is None or self.allowed is None:
            return self if words is None else replace(self, allowed=words)
        return replace(self, allowed=self.allowed & words)

    def of_items(self, rows: NDArray[np.int32]) -> Self:
        """Return the filter for a model that has only the items of these rows, in their order."""

        def pattern(csr: Csr | None) -> Csr | None:
            if csr is None:
                return None
            matrix = sp.csr_array(
                (np.ones(csr.nnz, np.float32), csr.columns, csr.offsets), csr.shape
            )
            return as_csr(matrix[:, rows])

        def words(bits: Words | None) -> Words | None:
            return None if bits is None else pack(bits_at(bits, rows))

        return replace(
            self,
            exclude=pattern(self.exclude),
            allowed=words(self.allowed),
            candidates=pattern(self.candidates),
            repeatable=words(self.repeatable),
        )

    def remaining_candidates(self) -> Csr:
        """Return the pattern of the candidates that nothing else forbids."""
        assert self.candidates is not None
        keep = np.ones(self.candidates.nnz, dtype=bool)
        if self.allowed is not None:
            keep &= bits_at(self.allowed, self.candidates.columns)
        if self.exclude is not None:
            keep &= ~found_in(self.exclude, self.candidates)
        return select(self.candidates, keep)

    def top_k(
        self, users: NDArray[np.float32], items: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Rank all items by inner product under this filter."""
        if self.candidates is None:
            return _kernels.recommend_dense(
                users, items, self.exclude, self.allowed, k=k, threads=resolve_threads()
            )
        wanted = self.remaining_candidates()
        queries = entry_rows(wanted)
        threads = resolve_threads()
        scores = frozen(
            _kernels.score_pairs(users, items, queries, wanted.columns, threads=threads)
        )
        scored = Csr(wanted.offsets, wanted.columns, scores, wanted.shape[1])
        return _kernels.top_k_of_rows(scored, k=k, threads=resolve_threads())


def checked_k(k: Any) -> int:
    """Return the length of the lists as an int of at least 1, or raise."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k < 2**31:
        raise DataError(f"k: must be a whole number of 1 or more (and below 2^31), not {k!r}")
    return int(k)


def is_truth(argument: Any, truth: bool) -> bool:
    """Tell whether an argument is this truth value, numpy's too."""
    return isinstance(argument, bool | np.bool_) and bool(argument) is truth


def require_room(n: int, k: int) -> None:
    """Raise if `n` lists of `k` rows and scores do not fit into memory."""
    require_memory(8 * n * k, f"{n:,} lists of {k:,}", "ask for shorter lists, or fewer at a time")


def checked_rows(rows: Any, n: int) -> NDArray[np.int32]:
    """Return row numbers as int32 after checking that they are in [0, n)."""
    array = np.asarray(rows)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise DataError(f"rows: must be a 1-D array of integers, not {array.ndim}-D {array.dtype}")
    if array.size and (array.min() < 0 or array.max() >= n):
        raise DataError(f"rows: must be in [0, {n})")
    return np.ascontiguousarray(array, dtype=np.int32)


def encode_queries(
    ids: Any, vocabulary: Vocabulary, missing: str = "raise"
) -> tuple[NDArray[np.int32], bool]:
    """Return the rows of one id or of many (an array, or a vocabulary), and whether it was one."""
    if isinstance(ids, Vocabulary):
        ids = ids.ids
    if np.ndim(ids) == 0:
        return np.array([vocabulary.encode(ids, missing=missing)], dtype=np.int32), True
    return vocabulary.encode(np.asarray(ids).ravel(), missing=missing), False


def paired_rows(
    users: Any, items: Any, user_ids: Vocabulary, item_ids: Vocabulary
) -> tuple[NDArray[np.int32], NDArray[np.int32], tuple[int, ...]]:
    """Return the rows of users and items that numpy's broadcasting pairs, flat, and the shape."""
    user_rows, one_user = encode_queries(users, user_ids)
    item_rows, one_item = encode_queries(items, item_ids)
    user_shape = () if one_user else np.shape(users)
    item_shape = () if one_item else np.shape(items)
    try:
        paired = np.broadcast_arrays(user_rows.reshape(user_shape), item_rows.reshape(item_shape))
    except ValueError as error:
        raise DataError(f"users {user_shape} and items {item_shape} do not pair up") from error
    flat_users, flat_items = (np.ascontiguousarray(rows).ravel() for rows in paired)
    return flat_users, flat_items, paired[0].shape


def resolve_filter(items: Any, exclude: Any, n: int, vocabulary: Vocabulary) -> Filter:
    """Resolve the arguments `items` and `exclude` of `n` queries.

    Each is a 1-D array of ids for all queries, or one list of ids (or row of a sparse matrix over
    the item rows) per query.
    """
    items, exclude = _ids_of("items", items), _ids_of("exclude", exclude)
    allowed: NDArray[np.bool_] | None = None
    candidates = excluded = None
    if items is not None:
        if _is_per_query(items):
            candidates = _lists("items", items, n, vocabulary, warn=True)
        else:
            allowed = np.zeros(len(vocabulary), dtype=np.bool_)
            allowed[_known_rows("items", items, vocabulary, warn=True)] = True
    if exclude is not None:
        if _is_per_query(exclude):
            excluded = _lists("exclude", exclude, n, vocabulary, warn=False)
        else:
            allowed = np.ones(len(vocabulary), dtype=np.bool_) if allowed is None else allowed
            allowed[_known_rows("exclude", exclude, vocabulary, warn=False)] = False
    return Filter(excluded, None if allowed is None else pack(allowed), candidates)


def known_rows(
    name: str, lists: Any, vocabulary: Vocabulary, *, warn: bool
) -> list[NDArray[np.int32]]:
    """Encode lists of ids as rows in the same order; unknown ids are left out."""
    return [_known_rows(f"{name}[{i}]", ids, vocabulary, warn=warn) for i, ids in enumerate(lists)]


def _ids_of(name: str, argument: Any) -> Any:
    """Return the ids of a vocabulary, and refuse what holds none."""
    if isinstance(argument, Vocabulary):
        return argument.ids
    if isinstance(argument, set | frozenset):
        return list(argument)
    if argument is None or sp.issparse(argument) or isinstance(argument, Csr):
        return argument
    one = isinstance(argument, str | bytes) or not hasattr(argument, "__iter__")
    if one or getattr(argument, "ndim", 1) == 0:
        raise DataError(f"{name}: must be ids or a list of ids per query, not {argument!r}")
    return argument


def _is_per_query(argument: Any) -> bool:
    if sp.issparse(argument) or isinstance(argument, Csr):
        return True
    if isinstance(argument, np.ndarray) and argument.dtype != object:
        return argument.ndim == 2
    return any(np.ndim(entry) > 0 for entry in argument)


def _lists(name: str, lists: Any, n: int, vocabulary: Vocabulary, *, warn: bool) -> Csr:
    if sp.issparse(lists) or isinstance(lists, Csr):
        csr = as_csr(lists, name)
    else:
        rows = [np.unique(of) for of in known_rows(name, lists, vocabulary, warn=warn)]
        offsets = np.append(0, np.cumsum([len(of) for of in rows], dtype=np.int64))
        columns = np.concatenate(rows) if rows else np.empty(0, np.int32)
        ones = np.ones(len(columns), np.float32)
        csr = Csr(frozen(offsets), frozen(columns), frozen(ones), len(vocabulary))
    if csr.shape != (n, len(vocabulary)):
        raise DataError(f"{name}: is {csr.shape}, not (queries, items) = {(n, len(vocabulary))}")
    return csr


def _known_rows(name: str, ids: Any, vocabulary: Vocabulary, *, warn: bool) -> NDArray[np.int32]:
    array = np.asarray(ids)
    if array.ndim != 1:
        raise DataError(f"{name}: must be a list of ids, not {ids!r}")
    if array.size == 0:
        return np.empty(0, dtype=np.int32)
    rows: NDArray[np.int32] = vocabulary.encode(array, missing="mark")
    known = rows[rows >= 0]
    if warn and len(known) < len(rows):
        logger.warning("%s: %d of %d ids are unknown", name, len(rows) - len(known), len(rows))
    return known
