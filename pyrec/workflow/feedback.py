"""feedback: a simulated shop whose model learns from its own lists, with and without remedies."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pyrec import runtime
from pyrec.evaluation.feedback import Policy, Round, feedback_loop
from pyrec.models.base import Estimator
from pyrec.models.registry import model_class
from pyrec.models.updating import Updates
from pyrec.rerank import Exploration, PopularityControl
from pyrec.simulation.shop import Shop

__all__ = ["TRUTH", "policies_of", "simulate_feedback"]

TRUTH = "truth"
# What brings the tail of the simulated shop about to its place in the lists that the truth would
# make, and what costs no more utility than that (docs/feedback.md).
_CONTROL = PopularityControl(weight=0.3)
_EXPLORATION = Exploration(weight=0.05)


def policies_of(estimator: Estimator) -> dict[str, Policy]:
    """Return the lists of the truth, of a model alone, and of the model with each remedy.

    A model that can be updated is also shown as one that takes in week by week what happened.
    """
    name = estimator.name
    updated = {}
    if issubclass(model_class(name), Updates):
        updated[f"{name}, updated"] = Policy(estimator, update="partial")
    return {
        TRUTH: Policy(),
        name: Policy(estimator),
        **updated,
        f"{name}, popularity control": Policy(estimator, _CONTROL),
        f"{name}, exploration": Policy(estimator, _EXPLORATION),
    }


def simulate_feedback(
    shop: Shop,
    policies: Mapping[str, Policy],
    *,
    rounds: int = 10,
    k: int = 20,
    random_state: int = 0,
    progress: Callable[[str, Round], None] | None = None,
) -> dict[str, Any]:
    """Return what `pyrec.evaluation.feedback.feedback_loop` found as plain data for a report.

    Returns
    -------
    dict
        ``policies``, each with its ``name`` and ``rounds``; the size of the ``shop``, ``k``,
        ``created`` and ``runtime``.
    """
    found = feedback_loop(
        shop, policies, rounds=rounds, k=k, random_state=random_state, progress=progress
    )
    return {
        "source": "A simulated shop",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "shop": {
            "users": len(shop.users), "items": len(shop.catalogue), "events": len(shop.events),
        },
        "rounds": rounds,
        "k": k,
        "policies": [
            {"name": name, "rounds": [asdict(one) for one in of]} for name, of in found.items()
        ],
        "runtime": runtime.info(),
    }  # fmt: skip
