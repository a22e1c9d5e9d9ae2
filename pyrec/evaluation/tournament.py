"""tournament: which of several models are better than which, corrected for asking so often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from pyrec.errors import ConfigError
from pyrec.evaluation.compare import Difference, compare, holm
from pyrec.evaluation.results import Report

__all__ = ["Pairing", "tournament"]


@dataclass(frozen=True)
class Pairing:
    """Two models and how they differ.

    Parameters
    ----------
    first, second : str
        Labels of the models.
    difference : Difference
        First minus second; its `p_adjusted` is corrected for the number of pairings.
    """

    first: str
    second: str
    difference: Difference

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        found = self.difference.to_dict()
        return {"models": [self.first, self.second], **found}


def tournament(
    reports: Mapping[str, Report],
    metric: str | None = None,
    *,
    resamples: int = 2000,
    random_state: int = 0,
) -> Sequence[Pairing]:
    """Compare every model with every other one on the users that judged both.

    Each pairing is a paired randomisation test (see `pyrec.compare`); with many models some pair
    will differ by chance, so the p-values are adjusted for the number of pairings (Holm 1979).

    Parameters
    ----------
    reports : mapping of str to Report
        From `pyrec.evaluate` on the same test with the same protocol, by label.
    metric : str, optional
        What to compare; the first one of the first report if not given.
    resamples : int, default 2000
        Draws of the bootstrap and of the test.
    random_state : int, default 0
        Seed of both.

    Raises
    ------
    ConfigError
        For fewer than two reports, or a metric that one lacks.
    DataError
        If the reports judge different things.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> train = sp.csr_array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]])
    >>> test = sp.csr_array([[0, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
    >>> reports = {kind.name: pyrec.evaluate(kind().fit(train), test, metrics="mrr")
    ...            for kind in (pyrec.Popularity, pyrec.ItemKNN)}
    >>> [(pairing.first, pairing.second) for pairing in tournament(reports)]
    [('popularity', 'item_knn')]
    """
    if len(reports) < 2:
        raise ConfigError("reports: a comparison needs two models at least")
    if metric is None:
        metric = next(iter(next(iter(reports.values())).main.values))
    pairings = [
        Pairing(
            one, other,
            compare(reports[one], reports[other], metrics=metric, resamples=resamples,
                    random_state=random_state)[metric],
        )
        for one, other in combinations(reports, 2)
    ]  # fmt: skip
    adjusted = holm([pairing.difference.p_value for pairing in pairings])
    return [
        replace(pairing, difference=replace(pairing.difference, p_adjusted=p))
        for pairing, p in zip(pairings, adjusted, strict=True)
    ]
