"""RerankedModel: a model and what happens to its lists, as one."""

from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.arguments import require
from pyrec.data.bits import Words
from pyrec.data.interactions import Interactions
from pyrec.data.ranking import Ranking
from pyrec.errors import NotSupportedError
from pyrec.models.base import Lists, Model
from pyrec.models.query import Filter, checked_k, checked_rows
from pyrec.models.ruled import Reranks
from pyrec.rerank.base import Reranker
from pyrec.rerank.chain import Chain
from pyrec.rerank.context import Context
from pyrec.rerank.ruled import rerank_lists
from pyrec.rules.rules import CompiledRules

__all__ = ["RerankedModel"]


class RerankedModel(Model, Reranks):
    """A model whose lists are re-ranked: `pyrec.evaluate` judges what people would see.

    So relevance, coverage, novelty and the Gini index of chains stand side by side. Scores of lists
    are those of the last step; `score` is that of the model.

    Parameters
    ----------
    model : Model
        Makes the candidates.
    steps : Chain or Reranker
        What chooses among them.
    context : Context
        What the steps look at, of the same model.
    candidates : int, default 100
        How many to choose from; lists that are longer are only reordered.

    Examples
    --------
    >>> import pyrec
    >>> from pyrec.preparation.split import TimeSplit, split
    >>> from pyrec.rerank import Context, PopularityControl, RerankedModel
    >>> cut = split(pyrec.simulate_shop(users=200, items=100, days=60).events, TimeSplit())
    >>> model = pyrec.ItemKNN().fit(cut.train)
    >>> calmer = RerankedModel(model, PopularityControl(weight=1.0), Context.of(model))
    >>> before, after = (pyrec.evaluate(one, cut, metrics=["ndcg", "novelty"], pairs="all")
    ...                  for one in (model, calmer))
    >>> after["novelty@20"] > before["novelty@20"]
    True
    """

    model: Model

    def __init__(
        self, model: Model, steps: Chain | Reranker, context: Context, *, candidates: int = 100
    ) -> None:
        require(model, Model, "model", "Estimator.fit makes it")
        require(steps, (Chain, Reranker), "steps")
        require(context, Context, "context", "Context.of(model, catalogue) makes it")
        super().__init__(model.estimator, model.interactions)
        self.model, self.steps, self.context = model, steps, context
        self.candidates = checked_k(candidates)

    def recommend(
        self,
        users: Any,
        k: int = 10,
        *,
        rules: CompiledRules | None = None,
        threads: int = 0,
        **options: Any,
    ) -> Ranking:
        """Return `Model.recommend`; rules hold for the candidates, so for what is chosen of them.

        Boosts change the scores of the model; pins stand at their places.
        """
        width = max(checked_k(k), self.candidates)
        lists = self.model.recommend(users, width, rules=rules, threads=threads, **options)
        return self.reranked(lists, k, rules=rules, threads=threads)

    def reranked(
        self, lists: Ranking, k: int, *, rules: CompiledRules | None = None, threads: int = 0
    ) -> Ranking:
        """Return what the steps choose among candidates that were made under the rules."""
        return rerank_lists(self.steps, lists, self.context, k, rules=rules, threads=threads)

    def recommend_rows(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        *,
        exclude_seen: bool | str | list[str] = True,
        filter_: Filter | None = None,
        threads: int = 0,
    ) -> Lists:
        """Return rows and scores for rows of users, chosen among the model's candidates."""
        user_rows = checked_rows(user_rows, len(self.users))
        rows, scores = self.model.recommend_rows(
            user_rows, max(k, self.candidates), exclude_seen=exclude_seen, filter_=filter_,
            threads=threads,
        )  # fmt: skip
        lists = Ranking(rows, scores, self.items, self.users.decode(user_rows))
        found = self.steps.rerank(lists, self.context, k, threads=threads)
        return found.rows, found.scores

    def _top_k(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        exclude: Csr | None,
        allowed: Words | None,
        threads: int,
    ) -> Lists:
        return self.model._top_k(user_rows, k, exclude, allowed, threads)

    def _score(
        self, user_rows: NDArray[np.int32], item_rows: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        return self.model._score(user_rows, item_rows)

    def _arrays(self) -> NoReturn:
        raise NotSupportedError(
            "save: re-ranking is no part of an artefact; save `model`, and `steps` as plain data "
            "(get_params)"
        )

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        raise NotSupportedError("load: load the model, then re-rank it")
