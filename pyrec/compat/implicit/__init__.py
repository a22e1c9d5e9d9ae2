"""The names of implicit over our kernels: ``import pyrec.compat.implicit as implicit``.

Its classes, call signatures and shapes of results, as of version 0.7. ``docs/migration.md`` lists
what differs on purpose.
"""

from pyrec.compat.implicit import (
    als,
    approximate_als,
    bpr,
    cpu,
    evaluation,
    gpu,
    lmf,
    nearest_neighbours,
    recommender_base,
    utils,
)

__all__ = [
    "als",
    "approximate_als",
    "bpr",
    "cpu",
    "evaluation",
    "gpu",
    "lmf",
    "nearest_neighbours",
    "recommender_base",
    "utils",
]
