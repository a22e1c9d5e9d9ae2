"""Chain: several re-rankers, one after the other."""

from typing import Annotated, Any, TypeAlias

from msgspec import Meta

from pyrec.config import Options
from pyrec.data.ranking import Ranking
from pyrec.rerank.boosts import Freshness, PopularityControl, PriceSensitivity
from pyrec.rerank.calibration import Calibration
from pyrec.rerank.context import Context
from pyrec.rerank.diversity import DPP, MMR
from pyrec.rerank.exploration import Exploration
from pyrec.rerank.exposure import ExposureFloor

__all__ = ["Chain", "Step"]

Step: TypeAlias = (
    MMR
    | DPP
    | Calibration
    | PopularityControl
    | Exploration
    | ExposureFloor
    | Freshness
    | PriceSensitivity
)


class Chain(Options, frozen=True, kw_only=True):
    """Re-rankers one after the other: each reorders all candidates, the last one chooses.

    Each step takes what the one before made of the candidates' scores for their relevance. Boosts
    go first, then what looks at whole lists; `ExposureFloor` goes last, or its guarantee is none.

    Parameters
    ----------
    steps : list of re-rankers
        At least one; as plain data, a table each with its ``method``.

    Examples
    --------
    >>> import pyrec
    >>> from pyrec.rerank import MMR, Chain, Context, PopularityControl
    >>> shop = pyrec.simulate_shop(users=60, items=40, days=40)
    >>> model = pyrec.ALS(factors=4).fit(shop.events)
    >>> chain = Chain(steps=[PopularityControl(weight=0.1), MMR()])
    >>> candidates = model.recommend(model.users.ids, k=20)
    >>> chain.rerank(candidates, Context.of(model), k=5).rows.shape
    (60, 5)
    >>> from pyrec.config import build
    >>> build(Chain, {"steps": [{"method": "mmr", "trade_off": 0.5}]}).steps[0].trade_off
    0.5
    """

    steps: Annotated[list[Step], Meta(min_length=1)]

    def rerank(
        self, candidates: Ranking, context: Context, k: int = 20, *, threads: int = 0
    ) -> Ranking:
        """Return the `k` candidates of each list that the last step chooses.

        Parameters and errors are those of `pyrec.rerank.base.Reranker.rerank`.
        """
        found: Any = candidates
        for step in self.steps[:-1]:
            width = candidates.rows.shape[-1]
            found = step.rerank(found, context, width, threads=threads)
        return self.steps[-1].rerank(found, context, k, threads=threads)
