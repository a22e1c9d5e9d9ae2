"""Batch: everybody's lists, computed piece by piece and written as they come, in bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import as_path, require
from pyrec.data import arrow
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.io.writing import write_table
from pyrec.models.base import Model
from pyrec.models.checkpoint import digest
from pyrec.models.fallback import FallbackModel, FallbackRanking
from pyrec.models.query import checked_k
from pyrec.models.ruled import DEEPER, MARGIN, PINNED
from pyrec.rules.rules import CompiledRules
from pyrec.workflow.budget import Budget
from pyrec.workflow.parts import Parts

__all__ = ["Lists", "Written", "write_recommendations"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """What `write_recommendations` wrote.

    Parameters
    ----------
    rows : int
        Recommendations.
    users : int
        Users who got at least one.
    """

    rows: int
    users: int


class Lists:
    """Everybody's lists as columns, one piece after the other: ``for columns in Lists(model, 10)``.

    Parameters
    ----------
    model : Model
        A fitted model.
    k : int
        Length of the lists.
    exclude_seen : bool, str or list of str
        As in `Model.recommend`.
    rules : CompiledRules, optional
        What the shop wants of the lists; a segment, where there are some, for each user.
    memory : int, optional
        Bytes that a piece and whoever writes it to Parquet may take, beside the model.
    threads : int
        Number of threads; 0 means the default of the process.
    progress : callable, optional
        Called as ``progress(users_done, users)``.

    Attributes
    ----------
    rows, users : int
        Recommendations so far, and users who got at least one.
    exposure : int64 (n_items,)
        In how many lists each item is so far.
    """

    def __init__(
        self,
        model: Model,
        k: int,
        *,
        exclude_seen: bool | str | list[str] = True,
        rules: CompiledRules | None = None,
        memory: int | None = None,
        threads: int = 0,
        progress: Progress | None = None,
    ) -> None:
        self._model, self._k = model, checked_k(k)
        self._rules = rules and rules.as_of_now()  # one moment for everybody
        self._options: dict[str, Any] = {"exclude_seen": exclude_seen, "threads": threads}
        self._budget = Budget(model, _asked(self._k, rules), memory, threads)
        self._progress = progress or (lambda done, total: None)
        self._done, self._total = 0, len(model.users)
        self._sources = None
        if isinstance(model, FallbackModel):
            self._sources = Vocabulary([*model.links, "pinned"])
        self.rows = self.users = 0
        self.exposure = np.zeros(len(model.items), dtype=np.int64)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the columns user_id, item_id, score, rank (and source) of the next users."""
        return self.of(0, len(self._model.users))

    def of(self, start: int, stop: int) -> Iterator[dict[str, Any]]:
        """Yield the columns of the users in these rows."""
        while start < stop:
            end = self._budget.end(start, stop)
            # No variable here: the writer has the only reference to a piece, and lets it go.
            yield self._piece(np.arange(start, end, dtype=np.int32))
            self._done += end - start
            self._progress(self._done, self._total)
            start = end

    def expect(self, users: int) -> None:
        """Tell the progress of so many users, and not of all."""
        self._total = users

    def _piece(self, users: NDArray[np.int32]) -> dict[str, Any]:
        rows, scores, places = self._ranked(users)
        real = rows >= 0
        lengths = real.sum(axis=1)
        ranks = np.broadcast_to(np.arange(1, self._k + 1, dtype=np.int32), rows.shape)
        items = rows[real]
        self.rows += len(items)
        self.users += int(np.count_nonzero(lengths))
        self.exposure += np.bincount(items, minlength=len(self.exposure))
        columns: dict[str, Any] = {
            "user_id": (np.repeat(users, lengths), self._model.users),
            "item_id": (items, self._model.items),
            "score": scores[real],
            "rank": ranks[real],
        }
        if places is not None:
            columns["source"] = (places[real], self._sources)
        return columns

    def _ranked(
        self, users: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32] | None]:
        """Return rows, scores and, of a chain of models, which of its sources gave each entry."""
        if self._rules is None and self._sources is None:
            return *self._model.recommend_rows(users, self._k, **self._options), None
        rules, ids = self._rules and self._rules.take(users), self._model.users.decode(users)
        found = self._model.recommend(ids, self._k, rules=rules, **self._options)
        if not isinstance(found, FallbackRanking):
            return found.rows, found.scores, None
        return (
            found.rows,
            found.scores,
            np.where(found.places == PINNED, np.int32(len(found.links)), found.places),
        )


def _asked(k: int, rules: CompiledRules | None) -> int:
    """Return how many entries of a list are in memory at once: rules merge and thin out longer."""
    if rules is None:
        return k
    return k * (1 + len(rules.boosted)) * (MARGIN * DEEPER if len(rules.most) else 1)


def write_recommendations(
    model: Model,
    path: str | Path,
    k: int = 10,
    *,
    exclude_seen: bool | str | list[str] = True,
    rules: CompiledRules | None = None,
    memory: int | None = None,
    users_per_part: int = 65_536,
    threads: int = 0,
    progress: Progress | None = None,
) -> Written:
    """Write everybody's `k` best items to a file, or to a folder that outlives a crash.

    The columns are user_id, item_id, score and rank (1 is best), and of a chain of models the
    source of each entry; in the order of the user ids and, for each, of the ranks. Memory does not
    grow with the number of users. A file appears when it is whole. A folder fills with Parquet
    files, each of which appears when it is whole; after a crash, a kill or Ctrl-C, the same call
    goes on behind them. Its ``manifest.json`` says which there are, and what they were made with.

    Parameters
    ----------
    model : Model
        A fitted model.
    path : path
        A file, whose suffix says what is written: ``.parquet``, ``.csv``, ``.tsv``, the last two
        also with ``.gz`` or ``.zst``. Without a suffix: a folder, made if absent.
    k : int, default 10
        Length of the lists.
    exclude_seen : bool, str or list of str, default True
        As in `Model.recommend`.
    rules : CompiledRules, optional
        What the shop wants of the lists (`pyrec.rules`); where they have segments,
        ``rules.per_user`` has said of which each user of the model is.
    memory : int, optional
        Bytes that this may take, beside the model and what the process has already. How many users
        are scored at a time follows from it, which changes no bit of the result.
    users_per_part : int, default 65536
        Users of whom a file in a folder has the lists: what a crash can cost at most.
    threads : int, default 0
        Number of threads; 0 means the default of the process.
    progress : callable, optional
        Called as ``progress(users_done, users)``, without those of parts that were there already.

    Raises
    ------
    DataError
        If it cannot be written; no file, or an earlier one, is then there. If a folder has
        something else in it, or lists of another model.
    ConfigError
        If a folder was begun with another `k`, `exclude_seen`, `rules` or `users_per_part`.
    ArtifactError
        If a part in a folder, or its manifest, has changed since it was written.
    OutOfMemoryError
        If `memory` is not enough for one user; says how much is.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> model = pyrec.Popularity().fit(sp.csr_array([[1, 0, 1], [0, 0, 1], [1, 1, 0]]))
    >>> pyrec.write_recommendations(model, "lists", k=2, users_per_part=2)
    Written(rows=4, users=3)
    >>> sorted(file.name for file in Path("lists").iterdir())
    ['manifest.json', 'part-00000.parquet', 'part-00001.parquet']

    The same call finds nothing left to do; `merge_recommendations` makes one file of a folder.

    >>> pyrec.write_recommendations(model, "lists", k=2, users_per_part=2)
    Written(rows=4, users=3)
    """
    require(model, Model, "model")
    path = as_path(path)
    # What is wrong is said, and what the model keeps for its queries is made, before all else.
    one = np.zeros(1, dtype=np.int32)
    model.recommend_rows(one, checked_k(k), exclude_seen=exclude_seen, threads=threads)
    if rules is not None:
        rules = rules.checked(model.items, len(model.users))
    lists = Lists(
        model, k, exclude_seen=exclude_seen, rules=rules, memory=memory, threads=threads,
        progress=progress,
    )  # fmt: skip
    if path.suffix and not path.is_dir():
        write_table(arrow.stream(iter(lists)), path)
        return Written(lists.rows, lists.users)
    if isinstance(users_per_part, bool) or not isinstance(users_per_part, int | np.integer):
        raise DataError(f"users_per_part: must be a whole number, not {users_per_part!r}")
    if users_per_part < 1:
        raise DataError(f"users_per_part: must be 1 or more, not {users_per_part}")
    begun = {
        "model": _digest(model),
        "k": checked_k(k),
        "exclude_seen": _plain(exclude_seen),
    }
    if rules is not None:
        begun["rules"] = digest(rules.to_arrays())
    return _write_parts(lists, Parts(path, begun, len(model.users), int(users_per_part)))


def _write_parts(lists: Lists, parts: Parts) -> Written:
    with parts.opened():
        missing = parts.missing()
        lists.expect(sum(map(len, missing.values())))
        for file, users in missing.items():
            before = lists.rows, lists.users
            write_table(arrow.stream(lists.of(users.start, users.stop)), file)
            parts.vouch(file, lists.rows - before[0], lists.users - before[1])
        return Written(parts.rows, parts.users)


def _digest(model: Model) -> str:
    """Return a hash of all that lists depend on."""
    kinds = "\n".join(model.interactions.kind_names).encode()
    arrays = model._arrays() | model.interactions.to_arrays()
    return digest(arrays | {"kind_names": np.frombuffer(kinds, dtype=np.uint8)})


def _plain(exclude_seen: Any) -> bool | list[str]:
    """Return the argument as JSON has it, equal for what means the same."""
    if isinstance(exclude_seen, bool | np.bool_):
        return bool(exclude_seen)
    return [exclude_seen] if isinstance(exclude_seen, str) else sorted(set(exclude_seen))
