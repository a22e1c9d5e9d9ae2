"""Names of models: ``"als"`` in a configuration or an artefact is the class `ALS`."""

from importlib import import_module
from pathlib import Path

from pyrec.config import build, suggestion
from pyrec.data.interactions import Interactions
from pyrec.errors import ArtifactError, ConfigError
from pyrec.io import artifact
from pyrec.models.base import Estimator, Model

__all__ = ["MODELS", "estimator_class", "load", "model_class"]

# name: (module, estimator class, model class); imported when first asked for.
MODELS = {
    "als": ("pyrec.models.als", "ALS", "ALSModel"),
    "auto": ("pyrec.tuning.auto", "Auto", "AutoModel"),
    "blend": ("pyrec.tuning.blend", "Blend", "BlendModel"),
    "bpr": ("pyrec.models.bpr", "BPR", "BPRModel"),
    "content_knn": ("pyrec.models.content", "ContentKNN", "ContentKNNModel"),
    "ease": ("pyrec.models.ease", "EASE", "EASEModel"),
    "explicit_als": ("pyrec.models.explicit_als", "ExplicitALS", "ExplicitALSModel"),
    "fallback": ("pyrec.models.fallback", "Fallback", "FallbackModel"),
    "feature_als": ("pyrec.models.feature_als", "FeatureALS", "FeatureALSModel"),
    "graph_filter": ("pyrec.models.graph", "GraphFilter", "GraphModel"),
    "item_knn": ("pyrec.models.neighbors", "ItemKNN", "ItemKNNModel"),
    "p3alpha": ("pyrec.models.graph", "P3Alpha", "GraphModel"),
    "popularity": ("pyrec.models.popularity", "Popularity", "PopularityModel"),
    "pure_svd": ("pyrec.models.svd", "PureSVD", "PureSVDModel"),
    "rp3beta": ("pyrec.models.graph", "RP3Beta", "GraphModel"),
    "segment_popularity": (
        "pyrec.models.segment_popularity",
        "SegmentPopularity",
        "SegmentPopularityModel",
    ),
    "session_knn": ("pyrec.models.session_knn", "SessionKNN", "SessionKNNModel"),
    "transitions": ("pyrec.models.transitions", "Transitions", "TransitionsModel"),
    "slim": ("pyrec.models.slim", "SLIM", "SLIMModel"),
    "user_slim": ("pyrec.models.user_slim", "UserSLIM", "UserSLIMModel"),
    "sparse_ease": ("pyrec.models.slim", "SparseEASE", "SLIMModel"),
    "user_knn": ("pyrec.models.neighbors", "UserKNN", "UserKNNModel"),
}


def estimator_class(name: str, path: str = "model") -> type[Estimator]:
    """Return the estimator class of a name that stands in a configuration at a path.

    Raises
    ------
    ConfigError
        If no model has this name; names the nearest.

    Examples
    --------
    >>> estimator_class("popularity").name
    'popularity'
    """
    if name not in MODELS:
        raise ConfigError(f"{path}.name: {name!r} is no model{suggestion(name, list(MODELS))}")
    module, estimator, _ = MODELS[name]
    found: type[Estimator] = getattr(import_module(module), estimator)
    return found


def model_class(name: str) -> type[Model]:
    """Return the class of the fitted models of a name that `estimator_class` knows.

    Examples
    --------
    >>> model_class("popularity").__name__
    'PopularityModel'
    """
    module, _, model = MODELS[name]
    found: type[Model] = getattr(import_module(module), model)
    return found


def load(path: str | Path, *, verify: bool = False) -> Model:
    """Load a saved model of any kind; its arrays are memory maps that processes share.

    Parameters
    ----------
    path : path
        The directory that `Model.save` wrote.
    verify : bool, default False
        Whether to check the SHA-256 of every array.

    Raises
    ------
    ArtifactError
        If it is missing, corrupt, or not from this version's models; names the file.

    Examples
    --------
    >>> import pyrec, tempfile
    >>> log = pyrec.Events.from_ids(users=["ann", "bob"], items=["tea", "mug"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pyrec.Popularity().fit(log.aggregate()).save(folder)
    ...     load(folder).recommend("ann", k=1).ids.tolist()
    ['mug']
    """
    saved = artifact.read(path, verify=verify)
    try:
        name = saved.metadata["model"]
        estimator = build(estimator_class(name), saved.metadata["estimator"])
        interactions = Interactions.from_arrays(saved.arrays, tuple(saved.metadata["kind_names"]))
        loaded: Model = model_class(name)._from_arrays(estimator, interactions, saved.part("model"))
    except (KeyError, ValueError, TypeError) as error:
        raise ArtifactError(f"{path}: is not a model that this pyrec knows ({error})") from error
    return loaded
