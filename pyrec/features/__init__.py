"""Features: what is known of users and items besides who met what, as matrices for models."""

from pyrec.features.encodings import Buckets, MultiHot, Numeric, OneHot
from pyrec.features.pipeline import FittedPipeline, Pipeline, load
from pyrec.features.reduction import Reduce
from pyrec.features.segments import Segments, find_segments
from pyrec.features.statistics import Statistics, log_statistics
from pyrec.features.table import Features
from pyrec.features.text import Text

__all__ = [
    "Buckets",
    "Features",
    "FittedPipeline",
    "MultiHot",
    "Numeric",
    "OneHot",
    "Pipeline",
    "Reduce",
    "Segments",
    "Statistics",
    "Text",
    "find_segments",
    "load",
    "log_statistics",
]
