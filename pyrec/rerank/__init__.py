"""Re-ranking: from a model's candidates to lists that are diverse, calibrated, fresh and fair."""

from pyrec.rerank.boosts import Freshness, PopularityControl, PriceSensitivity
from pyrec.rerank.calibration import Calibration
from pyrec.rerank.chain import Chain
from pyrec.rerank.context import Context
from pyrec.rerank.diversity import DPP, MMR
from pyrec.rerank.exploration import Exploration
from pyrec.rerank.exposure import ExposureFloor
from pyrec.rerank.reranked import RerankedModel
from pyrec.rerank.ruled import rerank_lists

__all__ = [
    "DPP",
    "MMR",
    "Calibration",
    "Chain",
    "Context",
    "Exploration",
    "ExposureFloor",
    "Freshness",
    "PopularityControl",
    "PriceSensitivity",
    "RerankedModel",
    "rerank_lists",
]
