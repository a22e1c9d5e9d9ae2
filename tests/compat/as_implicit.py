"""A plugin of pytest: lets ``import implicit`` find our module, for implicit's own tests."""

import importlib
import os
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec.compat.implicit

NAME = "pyrec.compat.implicit"


def install():
    """Put our modules, and what its tests need beside them, where imports look first."""
    sys.modules["implicit"] = pyrec.compat.implicit
    for module in pkgutil.walk_packages(pyrec.compat.implicit.__path__, f"{NAME}."):
        ours = importlib.import_module(module.name)
        sys.modules[module.name.replace(NAME, "implicit")] = ours
    for name in ("annoy", "faiss", "nmslib"):  # whose tests then run, on our exact models
        sys.modules[name] = ModuleType(name)
    sys.modules["h5py"] = ModuleType("h5py")  # in which implicit keeps what it downloads
    sys.modules["implicit.datasets"] = ModuleType("implicit.datasets")
    movielens = ModuleType("implicit.datasets.movielens")
    movielens.get_movielens = get_movielens
    sys.modules["implicit.datasets.movielens"] = movielens


def get_movielens(variant):
    """Return no titles, and the ratings of the small set, movies by users, without a download."""
    folder = os.environ.get("PYREC_DATA")
    if variant != "100k" or not folder:
        pytest.skip("PYREC_DATA is not set")
    log = np.loadtxt(next(Path(folder, "ml-100k").glob("u.data*")), dtype=np.int64)
    users, movies, ratings = log[:, :3].T
    return None, sp.csr_matrix((ratings.astype(np.float32), (movies, users)))


install()
