import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import ArtifactError, ConfigError
from pyrec.io import artifact
from pyrec.models.registry import MODELS, estimator_class


@pytest.mark.parametrize("name", MODELS)
def test_every_name_is_its_class(name):
    assert estimator_class(name).name == name
    assert isinstance(estimator_class(name)(), estimator_class(name))


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="'popularty' is no model; did you mean 'popularity'"):
        estimator_class("popularty")


def test_an_artefact_that_is_no_model_is_refused(tmp_path):
    artifact.write(tmp_path / "x", {"something": "else"}, {})
    with pytest.raises(ArtifactError, match="is not a model that this pyrec knows"):
        pyrec.load(tmp_path / "x")


def test_a_damaged_matrix_is_found_without_verifying(tmp_path):
    pyrec.Popularity().fit(sp.csr_array([[1.0, 2.0]])).save(tmp_path / "m")
    read = artifact.read(tmp_path / "m")
    broken = {**read.arrays, "interactions.columns": read.arrays["interactions.columns"][::-1]}
    artifact.write(tmp_path / "m", read.metadata, broken)
    with pytest.raises(ArtifactError, match="repeats or precedes"):
        pyrec.load(tmp_path / "m")
