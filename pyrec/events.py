"""Events: the raw log of a shop, in arrival order, as files contain it and splits cut it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyrec.vocabulary import Vocabulary

__all__ = ["Events"]


@dataclass(frozen=True, eq=False)
class Events:
    """A log of events: who did what to which item, and when. Duplicates are allowed.

    Parameters
    ----------
    users, items : Vocabulary
        The ids.
    user_rows, item_rows : int32 (n,)
        Rows of the ids, one pair per event.
    kinds : uint8 (n,), optional
        Codes into `kind_names`: view, cart, purchase. Kinds are never merged at reading: models
        weigh them and evaluation picks the one it judges on.
    kind_names : tuple of str
        At most 32 names.
    weights : float32 (n,), optional
        How much an event counts: a quantity or a rating.
    timestamps : int64 (n,), optional
        Microseconds since 1970-01-01 UTC.
    sessions : int64 (n,), optional
        Codes of visits or baskets.
    """

    users: Vocabulary
    items: Vocabulary
    user_rows: NDArray[np.int32]
    item_rows: NDArray[np.int32]
    kinds: NDArray[np.uint8] | None = None
    kind_names: tuple[str, ...] = ()
    weights: NDArray[np.float32] | None = None
    timestamps: NDArray[np.int64] | None = None
    sessions: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.user_rows)
