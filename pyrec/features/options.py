"""Features: what ``[features]`` of a configuration may say."""

from typing import Annotated, Literal

from msgspec import Meta

from pyrec.config import Options
from pyrec.features.pipeline import AnyStep

__all__ = ["FeatureOptions"]


class FeatureOptions(Options, frozen=True, kw_only=True):
    """How the tables of items and people become what models learn from.

    Parameters
    ----------
    items, users : sequence of steps, optional
        Those of a `Pipeline`, each with its name as ``step``: ``[[features.items]]`` in TOML. By
        default they are guessed from the columns (`pyrec.features.guess.guess_steps`).
    segments : str or int, optional
        The segment of each person, for models that need one: a column of the table of people, or
        into how many groups that are alike by their features people are divided.

    Examples
    --------
    >>> FeatureOptions(items=[{"step": "one_hot", "column": "brand"}]).items[0].column
    'brand'
    """

    items: tuple[AnyStep, ...] | None = None
    users: tuple[AnyStep, ...] | None = None
    segments: str | Annotated[int, Meta(ge=1)] | None = None

    def of(self, side: Literal["items", "users"]) -> tuple[AnyStep, ...] | None:
        """Return the steps of one of the two tables."""
        return self.items if side == "items" else self.users
