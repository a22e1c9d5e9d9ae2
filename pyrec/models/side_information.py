"""Side information: what is known of users and items besides who met what, in a model's rows.

Whoever has features belongs to the model, with or without interactions: so a new item can be
recommended from the moment it is in the catalogue.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from pyrec._kernels import Csr
from pyrec.arguments import require
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.features import Features

__all__ = ["Side", "joined", "require_columns", "with_items", "with_users"]

Side: TypeAlias = Literal["items", "users"]


def joined(
    interactions: Interactions, features: Features | None, side: Side
) -> tuple[Interactions, Features | None]:
    """Return interactions that know every id with features, and features in their rows.

    Ids with features and no interactions come behind the others, with empty rows or columns; who
    has interactions and no features gets zeros.

    Raises
    ------
    DataError
        If nobody with interactions has features, so that there is nothing to learn from.
    """
    name = f"{side.removesuffix('s')}_features"
    if features is None:
        return interactions, None
    require(features, Features, name, "pyrec.features makes them")
    known = interactions.items if side == "items" else interactions.users
    if features.ids.is_integer != known.is_integer:
        raise DataError(
            f"{name}: their ids are {features.ids.type_name}, those of the interactions "
            f"{known.type_name}"
        )
    rows = known.encode(features.ids.ids, missing="mark")
    csr = interactions.by_item if side == "items" else interactions.csr
    touched = np.flatnonzero(np.diff(csr.offsets))
    if not np.any(np.isin(rows, touched)):
        raise DataError(
            f"{name}: none of the {len(touched)} {side} with interactions has features; the first "
            f"of them is {known.decode(int(touched[0]))!r}, the first with features "
            f"{features.ids.ids[:1].tolist()}"
        )
    extend = with_items if side == "items" else with_users
    interactions = extend(interactions, features.ids)
    return interactions, features.aligned(getattr(interactions, side))


def with_items(interactions: Interactions, ids: Vocabulary) -> Interactions:
    """Return the interactions with items that nobody has touched, behind those that they know."""
    items = interactions.items.extend(ids.ids)
    csr = interactions.csr
    wider = Csr(csr.offsets, csr.columns, csr.values, len(items))
    return replace(interactions, items=items, csr=wider)


def with_users(interactions: Interactions, ids: Vocabulary) -> Interactions:
    """Return the interactions with users who have done nothing, behind those that they know."""
    users = interactions.users.extend(ids.ids)
    csr = interactions.csr
    none = np.full(len(users) - csr.shape[0], csr.offsets[-1])
    longer = Csr(owned(np.append(csr.offsets, none)), csr.columns, csr.values, csr.shape[1])
    return replace(interactions, users=users, csr=longer)


def require_columns(features: Features, names: tuple[str, ...], argument: str) -> None:
    """Raise unless features have the columns that a model was fitted with, in the same order.

    Raises
    ------
    DataError
        Naming a column that is missing or unknown.
    """
    require(features, Features, argument, "pyrec.features makes them")
    if features.names == names:
        return
    missing = [name for name in names if name not in set(features.names)]
    unknown = [name for name in features.names if name not in set(names)]
    what = f"lack the column {missing[0]!r}" if missing else "have their columns in another order"
    if unknown:
        what = f"have the column {unknown[0]!r}, which the model was not fitted with"
    raise DataError(
        f"{argument}: {what}; transform them with the pipeline that made the features of `fit`"
    )
