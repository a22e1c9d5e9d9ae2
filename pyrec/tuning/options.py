"""Tuning: what ``[tune]`` of a configuration may say."""

from typing import Annotated, Any

from msgspec import Meta

from pyrec.config import Options
from pyrec.preparation.split import SplitOptions
from pyrec.tuning.validation import Judge

__all__ = ["Tuning"]


class Tuning(Options, frozen=True, kw_only=True):
    """How the options of a model are chosen.

    Parameters
    ----------
    trials : int, default 50
        How many choices are tried.
    seconds : float, optional
        How long trials are begun; by default until all are done.
    metric : str, default "ndcg@20"
        What is to be as good as possible on the validation split.
    validation : TimeSplit, LastSplit, RandomSplit or UserSplit, optional
        How it is cut from the training data. By default as ``[split]`` cuts the test, or a random
        tenth of the pairs where the test was cut by somebody else.
    splits : int, default 1
        How many validation splits every choice is judged on. Further ones by time are cut from the
        training part of the one before, others with other seeds.
    search : mapping
        Ranges that replace those of the model: ``factors = { low = 16, high = 64 }``,
        ``solver = ["cg", "exact"]``, or ``iterations = false`` not to search it.
    weighting : mapping
        Ranges of options of ``[weighting]``, none of which is searched by default:
        ``half_life = { low = 3, high = 3000, log = true }``, or ``scheme = ["none", "log1p"]``.
    random_state : int, default 0
        Seed of the choices.

    Examples
    --------
    >>> Tuning(trials=10, search={"factors": {"low": 16, "high": 64}}).trials
    10
    """

    trials: Annotated[int, Meta(ge=1)] = 50
    seconds: Annotated[float, Meta(gt=0)] | None = None
    metric: str = "ndcg@20"
    validation: SplitOptions | None = None
    splits: Annotated[int, Meta(ge=1, le=20)] = 1
    search: dict[str, Any] = {}  # noqa: RUF012 (msgspec copies it)
    weighting: dict[str, Any] = {}  # noqa: RUF012
    random_state: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        """Check the metric too."""
        super().__post_init__()
        Judge(self.metric)
