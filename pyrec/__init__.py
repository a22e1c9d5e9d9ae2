"""pyrec: from a shop's behaviour log to ranked lists, fast and exact."""

from importlib.metadata import version

from pyrec import errors, kernels, runtime
from pyrec.events import Events
from pyrec.interactions import Interactions
from pyrec.ranking import Ranking
from pyrec.runtime import threads
from pyrec.vocabulary import Vocabulary

__version__ = version("pyrec")

__all__ = [
    "Events",
    "Interactions",
    "Ranking",
    "Vocabulary",
    "errors",
    "kernels",
    "runtime",
    "threads",
]
