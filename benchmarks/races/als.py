"""ALS iterations, both sides of the matrix, all from the same start."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

import data
from pyrec import ALS, Interactions, runtime
from pyrec.models.als_training import Training
from races.race import Contender, Cost, Race, expect

REGULARIZATION, ALPHA = 0.05, 10.0


def training(race, inputs):
    als = ALS(
        factors=race.factors,
        solver=race.solver,
        regularization=REGULARIZATION,
        alpha=ALPHA,
        unobserved_weight=1,
        regularization_exponent=0,
    )
    return Training(als, Interactions.from_scipy(inputs["matrix"]))


def by_pyrec(race, inputs, threads):
    ours = training(race, inputs)

    def iterate():
        with runtime.threads(threads):
            ours.iterate()
        return ours.user_factors, ours.item_factors

    return iterate


def by_implicit(race, inputs, threads):
    from implicit.cpu import _als

    start = training(race, inputs)
    users, items = start.user_factors.copy(), start.item_factors.copy()
    by_user = (ALPHA * inputs["matrix"]).tocsr()
    by_item = by_user.T.tocsr()
    solve = _als.least_squares_cg if race.solver == "cg" else _als.least_squares

    def iterate():
        solve(by_user, users, items, REGULARIZATION, num_threads=threads)
        solve(by_item, items, users, REGULARIZATION, num_threads=threads)
        return users, items

    return iterate


def by_lenskit(race, inputs, threads):
    """Its own trainer; it knows only rows with entries, so those alone get the common start."""
    import pandas as pd
    from lenskit.als import ImplicitMFScorer
    from lenskit.data import from_interactions_df
    from lenskit.training import TrainingOptions

    start = training(race, inputs)
    users, items = np.zeros_like(start.user_factors), np.zeros_like(start.item_factors)
    pairs = inputs["matrix"].tocoo()
    log = from_interactions_df(pd.DataFrame({"user_id": pairs.row, "item_id": pairs.col}))
    # Its weight comes on top of 1, the confidence of a pair that was not observed.
    scorer = ImplicitMFScorer(
        embedding_size=race.factors, regularization=REGULARIZATION, weight=ALPHA - 1
    )
    trainer = scorer.create_trainer(log, TrainingOptions(rng=0))
    user_rows, item_rows = log.users.ids(), log.items.ids()
    scorer.user_embeddings[:] = start.user_factors[user_rows]
    scorer.item_embeddings[:] = start.item_factors[item_rows]

    def iterate():
        trainer.train_epoch()
        users[user_rows], items[item_rows] = scorer.user_embeddings, scorer.item_embeddings
        return users, items

    return iterate


ONE_THREAD_OF_BLAS = {"OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Iteration(Race):
    """One iteration after another; what is compared is the objective that they reach."""

    data: str
    factors: int
    solver: str

    work: ClassVar = "als"
    repeatable: ClassVar = False

    @property
    def contenders(self):
        found = [
            Contender("pyrec", by_pyrec),
            Contender("implicit", by_implicit, "implicit", environment=ONE_THREAD_OF_BLAS),
        ]
        if self.solver == "exact":
            environment = {**ONE_THREAD_OF_BLAS, "LK_NUM_THREADS": "{threads}"}
            found.append(Contender("lenskit", by_lenskit, "lenskit", environment=environment))
        return tuple(found)

    @property
    def title(self):
        return f"{self.data}, {self.factors} factors, {self.solver}"

    def inputs(self):
        return {"matrix": data.matrix(self.data)}

    def outcome(self, inputs, result):
        return {"objective": training(self, inputs).loss(*result)}

    def agree(self, inputs, outcomes):
        ours = next(iter(outcomes.values()))["objective"]
        for name, found in outcomes.items():
            gap = found["objective"] / ours - 1
            expect(abs(gap) < 1e-3, name, f"its objective is off by {gap:.1e}")
        return {name: f"objective {o['objective']:,.0f}" for name, o in outcomes.items()}

    def cost(self, inputs, outcome):
        """What is necessary: of the exact ways, row by row, the cheaper of direct and dual."""
        f, total = self.factors, 0.0
        for matrix in (inputs["matrix"], inputs["matrix"].T.tocsr()):
            n = np.diff(matrix.indptr).astype(np.float64)
            total += matrix.shape[1] * f**2  # the Gram matrix is symmetric
            if self.solver == "cg":
                steps = 3
                total += np.sum(2 * (steps + 1) * (f**2 + 2 * n * f))
            else:
                direct = n * f**2 + f**3 / 3
                dual = n**2 * f + n**3 / 3
                total += np.sum(np.minimum(direct, dual) + 2 * f**2)
        return Cost(floats=1e-9 * total)


SETS = ["gowalla", "yelp2018", "ml20m-like"]


def races(options):
    for name in data.available(options.data or SETS):
        for solver, factors in product(options.solver, options.factors):
            yield Iteration(name, factors, solver)
