"""The module as a whole: its names, what it refuses, and implicit's own tests run against it."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import scipy.sparse as sp

import pyrec.compat.implicit as implicit
from pyrec.errors import NotSupportedError

LIKES = sp.csr_matrix([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]])

# Of the tests in implicit's source distribution all but those of a class that is not here.
SUITE = ["als", "approximate_als", "bpr", "evaluation", "gpu", "knn"]


def test_implicits_own_tests_pass():
    folder = os.environ.get("PYREC_IMPLICIT_TESTS")
    if not folder:
        pytest.skip("PYREC_IMPLICIT_TESTS names no folder with the tests of implicit's sdist")
    files = [str(Path(folder, f"{name}_test.py")) for name in SUITE]
    options = ["-c", os.devnull, "--rootdir", folder, "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "as_implicit", *options, *files],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("als", "AlternatingLeastSquares"),
        ("cpu.als", "AlternatingLeastSquares"),
        ("cpu.als", "calculate_loss"),
        ("bpr", "BayesianPersonalizedRanking"),
        ("cpu.bpr", "BayesianPersonalizedRanking"),
        ("cpu.matrix_factorization_base", "MatrixFactorizationBase"),
        ("nearest_neighbours", "ItemItemRecommender"),
        ("nearest_neighbours", "bm25_weight"),
        ("recommender_base", "RecommenderBase"),
        ("recommender_base", "ModelFitError"),
        ("evaluation", "ranking_metrics_at_k"),
        ("utils", "ParameterWarning"),
    ],
)
def test_names_are_where_programs_look_for_them(module, name):
    found = importlib.import_module(f"pyrec.compat.implicit.{module}")
    assert hasattr(found, name)
    reached = implicit
    for part in module.split("."):
        reached = getattr(reached, part)
    assert reached is found


def test_a_gpu_is_refused():
    assert not implicit.gpu.HAS_CUDA
    for kind in (implicit.als.AlternatingLeastSquares, implicit.bpr.BayesianPersonalizedRanking):
        with pytest.raises(NotSupportedError, match="use_gpu"):
            kind(use_gpu=True)
        model = kind()
        assert model.to_cpu() is model
        with pytest.raises(NotSupportedError, match="CPU only"):
            model.to_gpu()


def test_logistic_matrix_factorization_is_refused_when_it_is_made():
    with pytest.raises(NotSupportedError, match="AlternatingLeastSquares"):
        implicit.lmf.LogisticMatrixFactorization(factors=30)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("NMSLib", {"index_params": {"post": 2}, "method": "hnsw"}),
        ("Annoy", {"n_trees": 3, "search_k": 5}),
        ("Faiss", {"nlist": 4, "nprobe": 1, "approximate_recommend": False}),
    ],
)
def test_approximate_models_are_exact(name, options):
    make = getattr(implicit.approximate_als, f"{name}AlternatingLeastSquares")
    model = make(3, random_state=1, use_gpu=False, **options)
    exact = implicit.als.AlternatingLeastSquares(3, random_state=1)
    for one in (model, exact):
        one.fit(LIKES, show_progress=False)
    assert model.recommend(0, LIKES[0])[0].tolist() == exact.recommend(0, LIKES[0])[0].tolist()
