"""Cold start: items that nobody has touched, and people of whom only attributes are known."""

import numpy as np
from numpy.typing import NDArray

from pyrec.data.vocabulary import Vocabulary
from pyrec.preparation.holdout import Log, Split, part_of

__all__ = ["hold_out_new_items", "hold_out_new_users", "new_items"]


def hold_out_new_items(log: Log, ratio: float, rng: np.random.Generator) -> Split:
    """Test all target events of some items, and train on nothing of these items."""
    return _hold_out(log, log.events.item_rows, len(log.events.items), "items", ratio, rng)


def hold_out_new_users(log: Log, ratio: float, rng: np.random.Generator) -> Split:
    """Test all target events of some users, and train on nothing of these users."""
    return _hold_out(log, log.events.user_rows, len(log.events.users), "users", ratio, rng)


def new_items(split: Split) -> Vocabulary:
    """Return the tested items that training does not know, in order of their ids.

    ``evaluate(model, split, candidates=new_items(split))`` ranks them among themselves.

    Examples
    --------
    >>> from pyrec import Events
    >>> from pyrec.preparation.split import TimeSplit, split
    >>> log = Events.from_ids(
    ...     users=[1, 2, 1, 2], items=["tea", "cup", "mug", "tea"], timestamps=[1, 2, 3, 4]
    ... )
    >>> new_items(split(log, TimeSplit(at=3))).ids.tolist()
    ['mug']
    """
    rows = np.setdiff1d(split.test.item_rows, split.train.item_rows)
    return Vocabulary.from_ids(split.test.items.decode(rows))


def _hold_out(
    log: Log, rows: NDArray[np.int32], n: int, what: str, ratio: float, rng: np.random.Generator
) -> Split:
    eligible = np.unique(rows[log.is_target])
    new = np.zeros(n, bool)
    new[rng.permutation(eligible)[: part_of(len(eligible), ratio, what)]] = True
    of_new = new[rows]
    left_out = {f"other kinds of new {what}": of_new & ~log.is_target}
    facts = {f"new_{what}": int(np.count_nonzero(new)), f"eligible_{what}": len(eligible)}
    return log.split(of_new & log.is_target, facts, left_out)
