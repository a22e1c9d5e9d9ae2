"""Protocol: the options of an evaluation, checked however they are given, and told in words."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from pyrec.config import Options
from pyrec.evaluation.metrics import Request, parse

__all__ = ["Protocol"]

_PARTS = {
    "new": "new pairs",
    "repeat": "repeated pairs",
    "all": "all pairs",
}


class Protocol(Options, frozen=True, kw_only=True):
    """How a model is judged. `pyrec.evaluate` takes the same options as keywords.

    What a user had before can be hidden from their lists, and then no list can hit a test pair that
    repeats it. So test pairs are judged in parts that never mix: ``"new"`` pairs by lists without
    what `exclude_seen` names, and ``"repeat"`` pairs, which are those that it would hide, by lists
    that hide nothing. ``"all"`` judges both together, hiding nothing.

    Parameters
    ----------
    metrics : str or tuple of str
        Names in `pyrec.evaluation.metrics`, such as ``"recall@20"``.
    k : int, default 20
        The cut-off of metrics that name none.
    exclude_seen : bool, str or list of str, default True
        What the lists for new pairs leave out: what the user had before, nothing, or what they had
        as one of these kinds of event. With False a repeat is any pair that the user had before.
    pairs : {"new", "repeat", "all"} or a tuple of them
        The parts to judge; one that has no pairs is left out. The first is a report's main one.
    cold_users : {"skip", "empty", "popular"}
        What happens to test users without any history: left out, or judged by an empty list (which
        scores 0), or by the most popular items.
    cold_items : {"keep", "drop"}
        Whether test pairs of items that nobody had in training count (as misses, for a model that
        cannot recommend them) or are left out.
    resamples : int, default 1000
        Draws of the bootstrap for the 95% intervals; 0 for none.
    random_state : int, default 0
        Seed of the bootstrap.

    Raises
    ------
    ConfigError
        For an unknown metric (with the nearest right name) or an option out of range.

    Examples
    --------
    >>> Protocol(metrics=["ndcg@10"], pairs="all").parts
    ('all',)
    """

    metrics: str | tuple[str, ...] = (
        "recall", "precision", "ndcg", "map", "mrr", "hit_rate", "coverage", "novelty",
    )  # fmt: skip
    k: Annotated[int, Meta(ge=1, lt=1_000_000_000)] = 20
    exclude_seen: bool | str | list[str] = True
    pairs: (
        Literal["new", "repeat", "all"]
        | Annotated[tuple[Literal["new", "repeat", "all"], ...], Meta(min_length=1)]
    ) = ("new", "repeat")
    cold_users: Literal["skip", "empty", "popular"] = "skip"
    cold_items: Literal["keep", "drop"] = "keep"
    resamples: Annotated[int, Meta(ge=0)] = 1000
    random_state: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        """Check the names of metrics too."""
        super().__post_init__()
        parse(self.metrics, self.k)

    @property
    def requests(self) -> list[Request]:
        """The metrics at their cut-offs."""
        return parse(self.metrics, self.k)

    def about(self, evidence: type) -> list[Request]:
        """Return the metrics that are computed from a kind of evidence."""
        return [request for request in self.requests if request.metric.evidence is evidence]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts to judge, each once."""
        return (self.pairs,) if isinstance(self.pairs, str) else tuple(dict.fromkeys(self.pairs))

    def hides(self, part: str) -> bool:
        """Tell whether the lists for a part leave out what users had before."""
        return part == "new" and self.exclude_seen is not False

    def title(self, part: str) -> str:
        """Say in words which pairs a part judges, by which lists."""
        if not self.hides(part):
            return f"{_PARTS[part]}, lists of everything"
        if self.exclude_seen is True:
            return f"{_PARTS[part]}, lists without what the user had before"
        kinds = [self.exclude_seen] if isinstance(self.exclude_seen, str) else self.exclude_seen
        return f"{_PARTS[part]}, lists without what the user had before as {' or '.join(kinds)}"  # type: ignore[arg-type]

    def describe(self) -> dict[str, Any]:
        """Return all options and the definitions of the metrics, for a report."""
        return self.get_params() | {
            "definitions": {request.label: request.metric.definition for request in self.requests}
        }
