"""Checkpoints of a training: that they are what was begun, and that kills lose nothing."""

import logging
import os
import signal
import time

import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import ALS
from pyrec.errors import ArtifactError, ConfigError, DataError
from pyrec.io import artifact
from pyrec.models.checkpoint import Checkpoint, digest

ESTIMATOR = ALS(factors=20, iterations=12)


@pytest.fixture(scope="module")
def shop():
    return sp.random_array((300, 200), density=0.05, rng=np.random.default_rng(1), dtype=np.float32)


@pytest.fixture(scope="module")
def through(shop):
    """The model of a fit that nothing interrupts."""
    return ESTIMATOR.fit(shop)


def assert_same_bits(model, other):
    np.testing.assert_array_equal(model.user_factors, other.user_factors)
    np.testing.assert_array_equal(model.item_factors, other.item_factors)


def fitting(shop, folder, callback=None):
    """Start a process that fits, and return its id."""
    child = os.fork()
    if child == 0:
        try:
            ESTIMATOR.fit(shop, checkpoint=folder, callback=callback)
        finally:
            os._exit(0)
    return child


def test_a_fit_killed_at_any_moment_goes_on_with_the_same_bits(shop, through, tmp_path):
    rng = np.random.default_rng(2)
    done, killed = [], 0
    for attempt in range(60):
        child = fitting(shop, tmp_path / "state")
        time.sleep(rng.random() * 0.03 if attempt else 0.002)
        os.kill(child, signal.SIGKILL)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        if (tmp_path / "state" / "manifest.json").exists():
            state = artifact.read(tmp_path / "state", verify=True).metadata["checkpoint"]
            done.append(state["passes"])
        if done and done[-1] == ESTIMATOR.iterations:
            break
    assert killed >= 2
    assert done == sorted(done)
    assert_same_bits(ESTIMATOR.fit(shop, checkpoint=tmp_path / "state"), through)


@pytest.mark.parametrize("solver", ["cg", "exact", "subspace"])
@pytest.mark.parametrize("at", [1, 5, 11])
def test_a_fit_killed_after_an_iteration(shop, tmp_path, solver, at):
    estimator = ALS(factors=20, iterations=12, solver=solver, block_size=16)
    through = estimator.fit(shop)

    def suicide(step):
        if step.iteration == at:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        estimator.fit(shop, checkpoint=tmp_path, callback=suicide)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    seen = []
    again = estimator.fit(
        shop, checkpoint=tmp_path, callback=lambda step: seen.append(step.iteration)
    )
    assert seen == list(range(at + 1, 13))
    assert_same_bits(again, through)


def test_more_iterations_go_on_and_fewer_are_refused(shop, through, tmp_path):
    ESTIMATOR.replace(iterations=4).fit(shop, checkpoint=tmp_path)
    assert_same_bits(ESTIMATOR.fit(shop, checkpoint=tmp_path), through)
    assert_same_bits(ESTIMATOR.fit(shop, checkpoint=tmp_path), through)
    with pytest.raises(ConfigError, match=r"iterations: is 4, and the checkpoint .* has had 12"):
        ESTIMATOR.replace(iterations=4).fit(shop, checkpoint=tmp_path)


def test_another_configuration_or_other_data_are_refused(shop, through, tmp_path):
    ESTIMATOR.replace(iterations=2).fit(shop, checkpoint=tmp_path)
    with pytest.raises(ConfigError, match=r"^alpha: is 2\.0, .* with 1\.0; name another folder"):
        ESTIMATOR.replace(alpha=2).fit(shop, checkpoint=tmp_path)
    with pytest.raises(DataError, match=r"^interactions: not what the checkpoint in .* to begin"):
        ESTIMATOR.fit(shop * 2, checkpoint=tmp_path)
    with pytest.raises(DataError, match=r"^init: not what the checkpoint in .* was begun with"):
        ESTIMATOR.fit(shop, checkpoint=tmp_path, init=through)
    with pytest.raises(DataError, match="checkpoint: 3 is no path"):
        ESTIMATOR.fit(shop, checkpoint=3)


def test_a_folder_of_something_else_is_refused_before_the_training(shop, through, tmp_path):
    through.save(tmp_path / "model")
    with pytest.raises(ArtifactError, match="holds no checkpoint; name another folder"):
        ESTIMATOR.fit(shop, checkpoint=tmp_path / "model")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "x-0123456789ab.npy.txt").write_text("mine")
    started = []
    with pytest.raises(ArtifactError, match="is not empty and holds no artefact"):
        ESTIMATOR.fit(shop, checkpoint=tmp_path / "notes", callback=started.append)
    assert started == []


def test_a_damaged_checkpoint_is_refused(shop, tmp_path):
    ESTIMATOR.replace(iterations=2).fit(shop, checkpoint=tmp_path)
    file = next(tmp_path.glob("item_factors-*.npy"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"item_factors-\w+\.npy: has changed since"):
        ESTIMATOR.fit(shop, checkpoint=tmp_path)


def test_another_simd_level_is_told(tmp_path, caplog):
    checkpoint = Checkpoint(tmp_path, {"alpha": 1.0}, {})
    checkpoint.write(3, {"x": np.arange(3)})
    manifest = tmp_path / "manifest.json"
    level = artifact.read(tmp_path).metadata["checkpoint"]["simd_level"]
    manifest.write_text(manifest.read_text().replace(f'"{level}"', '"abacus"'))
    with caplog.at_level(logging.WARNING, logger="pyrec"):
        passes, arrays = checkpoint.read()
    assert passes == 3
    np.testing.assert_array_equal(arrays["x"], np.arange(3))
    assert "written at the SIMD level abacus" in caplog.text


def test_a_digest_tells_arrays_apart():
    arrays = {"x": np.arange(4), "y": np.empty((0, 3))}
    assert digest(arrays) == digest(dict(reversed(arrays.items())))
    for other in (
        {"x": np.arange(4)},
        {"x": np.arange(4).reshape(2, 2), "y": np.empty((0, 3))},
        {"x": np.arange(4, dtype=np.int32), "y": np.empty((0, 3))},
        {"x": np.arange(1, 5), "y": np.empty((0, 3))},
    ):
        assert digest(other) != digest(arrays)
