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


def test_cpp_on_arm(tmp_path):
    """Cross-compiled, so that NEON does not rot; run too where an emulator is installed."""
    compiler, emulator = shutil.which("aarch64-linux-gnu-g++"), shutil.which("qemu-aarch64")
    if not compiler:
        pytest.skip("no cross compiler: apt install g++-aarch64-linux-gnu qemu-user")
    run("cmake", "-S", str(ROOT), "-B", str(tmp_path), "-G", "Ninja", "-DPYREC_BUILD_TESTS=ON",
        "-DPYREC_WERROR=ON", "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
        f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_EXE_LINKER_FLAGS=-static",
        *([f"-DCMAKE_CROSSCOMPILING_EMULATOR={emulator}"] if emulator else []))  # fmt: skip
    run("cmake", "--build", str(tmp_path))
    if emulator:
        run("ctest", "--test-dir", str(tmp_path), "--output-on-failure")
