"""The C++ tests: configured, built and run as part of the Python suite."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("sanitize", os.environ.get("PYREC_TEST_SANITIZE", "none").split(";"))
def test_cpp(tmp_path, sanitize):
    assert shutil.which("cmake"), "pip install '.[test]' brings cmake"
    options = [] if sanitize == "none" else [f"-DPYREC_SANITIZE={sanitize}"]
    run("cmake", "-S", str(ROOT), "-B", str(tmp_path), "-G", "Ninja", "-DPYREC_BUILD_TESTS=ON",
        "-DPYREC_WERROR=ON", *options)  # fmt: skip
    run("cmake", "--build", str(tmp_path))
    run("ctest", "--test-dir", str(tmp_path), "--output-on-failure")
