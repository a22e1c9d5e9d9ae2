"""pyrec: from a shop's behaviour log to ranked lists, fast and exact."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyrec import errors, features, kernels, runtime
    from pyrec.data.events import Events
    from pyrec.data.interactions import Interactions
    from pyrec.data.ranking import Ranking
    from pyrec.data.vocabulary import Vocabulary
    from pyrec.evaluation.compare import compare
    from pyrec.evaluation.cross_validation import cross_validate
    from pyrec.evaluation.evaluate import evaluate
    from pyrec.features.table import Features
    from pyrec.io.adjacency import read_adjacency
    from pyrec.io.reading import read_events, read_items
    from pyrec.io.writing import write_ranking, write_table
    from pyrec.linking import get_cmake_dir, get_include
    from pyrec.models.als import ALS
    from pyrec.models.bpr import BPR
    from pyrec.models.content import ContentKNN
    from pyrec.models.ease import EASE
    from pyrec.models.explicit_als import ExplicitALS
    from pyrec.models.fallback import Fallback
    from pyrec.models.feature_als import FeatureALS
    from pyrec.models.graph import GraphFilter, P3Alpha, RP3Beta
    from pyrec.models.neighbors import ItemKNN, UserKNN
    from pyrec.models.popularity import Popularity
    from pyrec.models.registry import load
    from pyrec.models.segment_popularity import SegmentPopularity
    from pyrec.models.session_knn import SessionKNN
    from pyrec.models.slim import SLIM, SparseEASE
    from pyrec.models.svd import PureSVD
    from pyrec.models.transitions import Transitions
    from pyrec.models.user_slim import UserSLIM
    from pyrec.rules.predicates import valid_at, where
    from pyrec.rules.rules import Boost, Rules
    from pyrec.runtime import threads
    from pyrec.simulation.shop import simulate_shop
    from pyrec.tuning.auto import Auto
    from pyrec.tuning.blend import Blend
    from pyrec.tuning.kinds import learn_kind_weights
    from pyrec.tuning.stopping import EarlyStopping
    from pyrec.tuning.study import tune
    from pyrec.workflow.batch import write_recommendations
    from pyrec.workflow.parts import merge_recommendations

    __version__: str

# The same imports once more, for run time: the module in which each public name lives. A name is
# fetched on first use (PEP 562), so `import pyrec` costs a millisecond, `pyrec --help` answers at
# once, and a service loads only what it touches.
_MODULES = {
    "ALS": "models.als",
    "BPR": "models.bpr",
    "Auto": "tuning.auto",
    "Blend": "tuning.blend",
    "Boost": "rules.rules",
    "ContentKNN": "models.content",
    "EASE": "models.ease",
    "EarlyStopping": "tuning.stopping",
    "Events": "data.events",
    "Interactions": "data.interactions",
    "ExplicitALS": "models.explicit_als",
    "Features": "features.table",
    "Fallback": "models.fallback",
    "FeatureALS": "models.feature_als",
    "GraphFilter": "models.graph",
    "ItemKNN": "models.neighbors",
    "P3Alpha": "models.graph",
    "Popularity": "models.popularity",
    "PureSVD": "models.svd",
    "RP3Beta": "models.graph",
    "SegmentPopularity": "models.segment_popularity",
    "Rules": "rules.rules",
    "SessionKNN": "models.session_knn",
    "Transitions": "models.transitions",
    "SLIM": "models.slim",
    "SparseEASE": "models.slim",
    "UserSLIM": "models.user_slim",
    "UserKNN": "models.neighbors",
    "Ranking": "data.ranking",
    "Vocabulary": "data.vocabulary",
    "compare": "evaluation.compare",
    "cross_validate": "evaluation.cross_validation",
    "errors": "",
    "evaluate": "evaluation.evaluate",
    "features": "",
    "get_cmake_dir": "linking",
    "get_include": "linking",
    "kernels": "",
    "learn_kind_weights": "tuning.kinds",
    "read_adjacency": "io.adjacency",
    "read_events": "io.reading",
    "read_items": "io.reading",
    "load": "models.registry",
    "merge_recommendations": "workflow.parts",
    "runtime": "",
    "simulate_shop": "simulation.shop",
    "threads": "runtime",
    "tune": "tuning.study",
    "valid_at": "rules.predicates",
    "where": "rules.predicates",
    "write_ranking": "io.writing",
    "write_recommendations": "workflow.batch",
    "write_table": "io.writing",
}

__all__ = [
    "ALS",
    "BPR",
    "EASE",
    "SLIM",
    "Auto",
    "Blend",
    "Boost",
    "ContentKNN",
    "EarlyStopping",
    "Events",
    "ExplicitALS",
    "Fallback",
    "FeatureALS",
    "Features",
    "GraphFilter",
    "Interactions",
    "ItemKNN",
    "P3Alpha",
    "Popularity",
    "PureSVD",
    "RP3Beta",
    "Ranking",
    "Rules",
    "SegmentPopularity",
    "SessionKNN",
    "SparseEASE",
    "Transitions",
    "UserKNN",
    "UserSLIM",
    "Vocabulary",
    "compare",
    "cross_validate",
    "errors",
    "evaluate",
    "features",
    "get_cmake_dir",
    "get_include",
    "kernels",
    "learn_kind_weights",
    "load",
    "merge_recommendations",
    "read_adjacency",
    "read_events",
    "read_items",
    "runtime",
    "simulate_shop",
    "threads",
    "tune",
    "valid_at",
    "where",
    "write_ranking",
    "write_recommendations",
    "write_table",
]

if not TYPE_CHECKING:  # a type checker shall know the names above and no others

    def __getattr__(name):
        from importlib import import_module, metadata

        if name == "__version__":
            value = metadata.version("pyrec")
        elif (module := _MODULES.get(name)) is None:
            raise AttributeError(f"module 'pyrec' has no attribute {name!r}")
        elif module:
            value = getattr(import_module(f"pyrec.{module}"), name)
        else:
            value = import_module(f"pyrec.{name}")
        globals()[name] = value
        return value

    def __dir__():
        return [*__all__, "__version__"]
