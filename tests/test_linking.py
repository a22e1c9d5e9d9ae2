"""Real C, C++ and Cython projects, built on top of the installed package."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pyrec

EXAMPLES = Path(__file__).parent.parent / "examples" / "linking"


def run(*command, **options):
    result = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def build_wheel(project, folder, **environment):
    """Build a project in this environment, unoptimised, and unpack it."""
    program = (
        "import scikit_build_core.build as backend, sys, zipfile;"
        f"name = backend.build_wheel({str(folder)!r}, {{'cmake.build-type': 'None'}});"
        f"zipfile.ZipFile({str(folder)!r} + '/' + name).extractall({str(folder)!r})"
    )
    run(sys.executable, "-c", program, cwd=project, env={**os.environ, **environment})


@pytest.fixture(scope="module")
def factors():
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(20, 8)).astype(np.float32),
        rng.normal(size=(50, 8)).astype(np.float32),
    )


@pytest.fixture(scope="module")
def programs(site, tmp_path_factory):
    """The folder of the native examples, built against the installed package."""
    folder = tmp_path_factory.mktemp("native")
    run("cmake", "-S", EXAMPLES / "native", "-B", folder, "-G", "Ninja",
        f"-Dpyrec_DIR={site / 'pyrec' / 'cmake'}")  # fmt: skip
    run("cmake", "--build", folder)
    return folder


def test_a_c_program_ranks_the_saved_factors_of_a_model(programs, factors, tmp_path):
    users, items = factors
    np.save(tmp_path / "items.npy", items)
    np.save(tmp_path / "users.npy", users)
    output = run(programs / "lists_c", tmp_path / "items.npy", tmp_path / "users.npy", 5)
    rows = [[int(row) for row in line.split()] for line in output.splitlines()]
    assert rows == pyrec.kernels.top_k(users, items, 5)[0].tolist()


def test_a_c_program_reports_errors(programs, factors, tmp_path):
    np.save(tmp_path / "items.npy", factors[1] * np.float32("nan"))
    result = subprocess.run(
        [programs / "lists_c", tmp_path / "items.npy", tmp_path / "items.npy", "5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == "pyrec: items[0, 0] is not a finite number\n"


def test_a_cpp_program_uses_the_core(programs):
    lines = run(programs / "lists_cpp", env={"PYREC_SIMD": "baseline"}).splitlines()
    assert lines == [
        "pyrec on baseline",
        "user 0: item 1, score 3",
        "user 0: item 0, score 1",
        "user 1: item 2, score 2",
        "user 1: item 1, score 1",
    ]


def test_a_cython_module_calls_the_engine_without_the_gil(site, factors, tmp_path):
    build_wheel(EXAMPLES / "cython", tmp_path, PYTHONPATH=str(site))
    (library,) = tmp_path.glob("lists.*.so")
    spec = importlib.util.spec_from_file_location("lists", library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    users, items = factors
    rows, scores = module.Lists(items).top_k(users, 5)
    expected_rows, expected_scores = pyrec.kernels.top_k(users, items, 5)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(scores, expected_scores)
    with pytest.raises(ValueError, match=r"items\[0, 0\] is not a finite number"):
        module.Lists(items * np.float32("nan"))


def test_scikit_build_core_finds_the_package_through_its_entry_point(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["scikit-build-core", "pyrec"]\n'
        'build-backend = "scikit_build_core.build"\n'
        '[project]\nname = "consumer"\nversion = "1"\n'
    )
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.24)\n"
        "project(consumer LANGUAGES CXX)\n"
        f"find_package(pyrec {pyrec.__version__} CONFIG REQUIRED)\n"
        'file(WRITE found "${pyrec_VERSION}")\n'
        "install(FILES found DESTINATION .)\n"
    )
    build_wheel(tmp_path, tmp_path / "out")
    assert (tmp_path / "out" / "found").read_text() == pyrec.__version__


def test_the_c_level_signatures_of_the_cython_module_stand():
    from pyrec import capi

    # Other people's compiled modules check these strings when they are imported.
    signatures = {name: str(capsule) for name, capsule in capi.__pyx_capi__.items()}
    assert sorted(signatures) == [
        "factors_close",
        "factors_open",
        "factors_top_k",
        "last_error",
        "neighbors_close",
        "neighbors_open",
        "neighbors_top_k",
        "version",
    ]
    assert (
        '"int (void const *, float const *, int64_t, int64_t const *'
        in (signatures["factors_top_k"])
    )


@pytest.mark.parametrize(
    ("option", "function"),
    [("--cmakedir", pyrec.get_cmake_dir), ("--includedir", pyrec.get_include)],
)
def test_the_folders_are_told_on_the_command_line(option, function):
    assert run(sys.executable, "-m", "pyrec", option).splitlines()[-1] == function()


def test_an_installation_without_headers_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(pyrec, "__path__", [str(tmp_path)])
    with pytest.raises(FileNotFoundError, match=r"pyrec/include/pyrec/c_api.h is missing from"):
        pyrec.get_include()
