"""Re-ranking from end to end: a shop's candidates to lists that its people see."""

import numpy as np

import pyrec
from pyrec import rerank


def test_every_step_does_to_a_shop_what_its_name_says():
    shop = pyrec.simulate_shop(users=400, items=300, days=90)
    model = pyrec.ALS(factors=16).fit(shop.events)
    context = rerank.Context.of(model, shop.catalogue, groups="category", now="2024-05-30")
    candidates = model.recommend(model.users.ids, k=100)

    def shown(step):
        return step.rerank(candidates, context, k=20).rows

    plain = candidates.rows[:, :20]
    assert np.mean(context.popularity[shown(rerank.PopularityControl(weight=0.5))]) < np.mean(
        context.popularity[plain]
    )
    ages = np.asarray(context.ages)
    assert np.mean(ages[shown(rerank.Freshness(weight=0.5))]) < np.mean(ages[plain])
    directions = context.directions

    def alike(rows):
        return np.mean([np.mean((directions[row] @ directions[row].T) ** 2) for row in rows])

    assert alike(shown(rerank.MMR())) < alike(plain)
    assert alike(shown(rerank.DPP())) < alike(plain)
