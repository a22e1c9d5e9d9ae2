import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pyrec.errors import ArtifactError
from pyrec.io import artifact

ARRAYS = {
    "factors": np.arange(12, dtype=np.float32).reshape(3, 4),
    "empty": np.empty((0, 5), dtype=np.int64),
    "blob": np.frombuffer(b"text", dtype=np.uint8),
}


@pytest.fixture
def saved(tmp_path):
    artifact.write(tmp_path / "a", {"model": "x"}, ARRAYS)
    return tmp_path / "a"


def test_round_trip(saved):
    read = artifact.read(saved, verify=True)
    assert read.metadata == {"model": "x"}
    assert read.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read.arrays[name], array)
        assert read.arrays[name].dtype == array.dtype
        assert not read.arrays[name].flags.writeable


def test_writing_again_replaces_and_leaves_nothing_behind(saved):
    before = artifact.read(saved)
    artifact.write(saved, {"model": "y"}, {"factors": np.ones(2)})
    assert artifact.read(saved).metadata == {"model": "y"}
    assert len(list(saved.iterdir())) == 2
    np.testing.assert_array_equal(before.arrays["factors"], ARRAYS["factors"])


def file_of(folder, name):
    return next(folder.glob(f"{name}-*.npy"))


def test_a_truncated_array_is_named(saved):
    file = file_of(saved, "factors")
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(ArtifactError, match=r"factors-\w+\.npy: cannot be read"):
        artifact.read(saved)


def test_a_changed_byte_is_found_when_verifying(saved):
    file = file_of(saved, "factors")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    artifact.read(saved)
    with pytest.raises(ArtifactError, match=r"factors-\w+\.npy: has changed since"):
        artifact.read(saved, verify=True)


def test_a_missing_array_is_named(saved):
    file_of(saved, "blob").unlink()
    with pytest.raises(ArtifactError, match=r"blob-\w+\.npy: cannot be read"):
        artifact.read(saved)


def test_another_array_in_its_place_is_refused(saved):
    np.save(file_of(saved, "factors"), np.zeros(3))
    with pytest.raises(ArtifactError, match="the manifest says <f4"):
        artifact.read(saved)


def change(folder, **fields):
    file = folder / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_broken_manifests_are_refused(saved):
    change(saved, format=99)
    with pytest.raises(ArtifactError, match="has format 99, this pyrec reads 1"):
        artifact.read(saved)
    change(saved, format=1, arrays={"x": {"file": "../x.npy", "dtype": "<f4", "shape": [1],
                                          "sha256": ""}})  # fmt: skip
    with pytest.raises(ArtifactError, match="points outside the folder"):
        artifact.read(saved)
    change(saved, arrays=3)
    with pytest.raises(ArtifactError, match=r"manifest\.json: is corrupt"):
        artifact.read(saved)
    for text in ("", "{", "[1]", "null"):
        (saved / "manifest.json").write_text(text)
        with pytest.raises(ArtifactError, match=r"manifest\.json: is corrupt"):
            artifact.read(saved)


def test_a_pickle_is_never_loaded(saved):
    np.save(file_of(saved, "factors"), np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ArtifactError, match="cannot be read"):
        artifact.read(saved)


def test_what_is_no_artefact_is_said_so(tmp_path):
    with pytest.raises(ArtifactError, match="is not a saved model"):
        artifact.read(tmp_path / "absent")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="is not empty and holds no artefact"):
        artifact.write(tmp_path, {}, ARRAYS)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_no_space_leaves_the_old_artefact(saved):
    code = f"""
import resource, signal, numpy as np
from pyrec.io import artifact
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
artifact.write({str(saved)!r}, {{}}, {{"factors": np.zeros(100_000)}})
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "ArtifactError" in result.stderr
    assert "cannot be written (File too large)" in result.stderr
    assert artifact.read(saved, verify=True).metadata == {"model": "x"}
    assert len(list(saved.glob(".*"))) == 0


def test_what_a_killed_writer_left_is_no_obstacle_and_goes(saved, tmp_path):
    fresh = tmp_path / "fresh"
    for folder in (saved, fresh):
        folder.mkdir(exist_ok=True)
        for name in (".factors-a0_b1c2d.part", "factors-0123456789ab.npy"):
            (folder / name).write_bytes(b"half")
        artifact.write(folder, {"model": "y"}, {"x": np.arange(3)})
        assert artifact.read(folder, verify=True).metadata == {"model": "y"}
        assert len(list(folder.iterdir())) == 2


def test_killed_at_any_moment_it_is_the_old_or_the_new(tmp_path):
    folder = tmp_path / "a"
    code = f"""
import numpy as np
from pyrec.io import artifact
version = 0
while True:
    version += 1
    artifact.write({str(folder)!r}, {{"version": version}}, {{"a": np.full(200_000, version)}})
    print(version, flush=True)
"""
    rng = np.random.default_rng(0)
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            deadline = time.monotonic() + 0.2 * rng.random()
            while time.monotonic() < deadline:
                read = artifact.read(folder)
                assert read.arrays["a"][0] == read.metadata["version"]
            os.kill(writer.pid, signal.SIGKILL)
        read = artifact.read(folder, verify=True)
        assert (read.arrays["a"] == read.metadata["version"]).all()
