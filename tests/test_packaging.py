"""What is shipped: complete, nothing but what is needed, and enough to run on."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import pyrec

ROOT = Path(__file__).parent.parent
# For those who work on the project in a clone; the rest of the tracked files is in the sdist.
FOR_CLONES_ONLY = (".ci/", ".pre-commit-config.yaml")


def run(*command, **options):
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=True, **options
    ).stdout


def build(kind, project, **settings):
    """Run the build backend in this environment, without a network, and return what it names."""
    program = (
        f"import scikit_build_core.build as backend;print(backend.build_{kind}('dist', {settings}))"
    )
    return project / "dist" / run(sys.executable, "-c", program, cwd=project).splitlines()[-1]


@pytest.fixture(scope="module")
def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    return run("git", "ls-files", cwd=ROOT).splitlines()


@pytest.fixture(scope="module")
def clone(tracked, tmp_path_factory):
    """A copy of the tracked files in which somebody has worked."""
    folder = tmp_path_factory.mktemp("clone")
    scratch = ["build/x.o", "dist/old.whl", "out/lists.parquet", "pyrec-demo/report.html"]
    scratch += [".venv/pyvenv.cfg", "pyrec/__pycache__/io.pyc", ".mypy_cache/x", ".hypothesis/x"]
    for name in scratch:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for name in tracked:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():  # not one that is being removed
            shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_sdist_holds_what_is_tracked_and_no_scratch(clone, tracked):
    with tarfile.open(build("sdist", clone)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {name for name in tracked if not name.startswith(FOR_CLONES_ONLY)}
    assert names == expected | {"PKG-INFO"}


def test_the_wheel_holds_the_package_without_its_sources(clone):
    # Without CMake this takes a second; what CMake installs is in `site`, see below.
    with zipfile.ZipFile(build("wheel", clone, **{"wheel.cmake": "false"})) as archive:
        names = archive.namelist()
    assert {"pyrec/__init__.py", "pyrec/py.typed", "pyrec/_kernels.pyi", "pyrec/capi.pxd"} <= set(
        names
    )
    assert any(name.startswith("pyrec/report/templates/") for name in names)
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"pyrec", f"pyrec-{pyrec.__version__}.dist-info"}
    suffixes = {Path(name).suffix for name in names if name.startswith("pyrec/")}
    assert suffixes <= {".py", ".pyi", ".pxd", ".typed", ".j2", ".css", ".js", ".svg"}


def test_what_cmake_installs_is_there(site):
    names = {str(file.relative_to(site)) for file in site.rglob("*")}
    headers = {f"pyrec/include/{f.relative_to(ROOT / 'cpp' / 'include')}" for f in
               (ROOT / "cpp" / "include").rglob("*.h*")}  # fmt: skip
    assert headers <= names
    assert {"pyrec/lib/libpyrec_core.a", "pyrec/cmake/pyrecConfig.cmake"} <= names
    assert {name for name in names if name.endswith((".cpp", ".pyx", ".o"))} == set()
    modules = {Path(name).name.partition(".")[0] for name in names if name.endswith(".so")}
    sources = {file.stem for file in (ROOT / "pyrec").glob("*.pyx")}
    assert modules == sources | {"_kernels"}


def test_every_compiled_module_has_a_stub():
    compiled = {file.stem for file in (ROOT / "pyrec").glob("*.pyx")} | {"_kernels"}
    assert {file.stem for file in (ROOT / "pyrec").glob("*.pyi")} == compiled


@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files")
def test_compiled_modules_need_the_system_libraries_only_and_export_one_function(site):
    system = {"libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libc.so.6", "libpthread.so.0"}
    for module in (site / "pyrec").glob("*.so"):
        needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", module))
        assert {name for name in needed if not name.startswith("ld-linux")} <= system
        assert "RPATH" not in run("readelf", "-d", module)
        exported = run("nm", "-D", "--defined-only", module).split("\n")
        functions = [line.split()[-1] for line in exported if " T " in line]
        assert functions == [f"PyInit_{module.name.partition('.')[0]}"]


def test_the_version_has_one_source():
    (version,) = re.findall(r"VERSION (\d+\.\d+\.\d+)\n", (ROOT / "CMakeLists.txt").read_text())
    assert pyrec.__version__ == version
    others = [f for f in [*ROOT.glob("*.toml"), *(ROOT / "pyrec").rglob("*.py")]
              if version in f.read_text()]  # fmt: skip
    assert others == []


@pytest.fixture(scope="module")
def bare(site, tmp_path_factory):
    """Run a program where only pyrec and its three requirements are installed."""
    folder = tmp_path_factory.mktemp("bare")
    for package in ("numpy", "scipy", "msgspec"):
        distribution = importlib.metadata.distribution(package)
        for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
            (folder / top).symlink_to(distribution.locate_file(top))

    def run_bare(program, *arguments):
        prepared = f"import sys; sys.path += {[str(site), str(folder)]}; {program}"
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", prepared, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    return run_bare


def test_the_engine_needs_only_its_three_requirements(bare):
    result = bare(
        "import pyrec, scipy.sparse as sp;"
        "model = pyrec.Popularity().fit(sp.eye(3, format='csr'));"
        "print(model.recommend([0, 1], k=2).rows.tolist(), pyrec.runtime.info()['version'])"
    )
    assert (result.stdout, result.stderr) == (f"[[1, 2], [0, 2]] {pyrec.__version__}\n", "")


def test_every_module_imports_without_the_application_packages(bare):
    modules = sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in (ROOT / "pyrec").rglob("*.py")
        if "cli" not in file.parts
    )
    result = bare(f"import importlib; [importlib.import_module(m) for m in {modules}]")
    assert (result.returncode, result.stderr) == (0, "")


def test_the_command_line_without_its_packages_says_what_to_install(bare):
    result = bare(
        "import runpy; sys.argv[0] = 'pyrec'; runpy.run_module('pyrec', run_name='__main__')",
        "demo",
    )
    assert result.returncode != 0
    assert "pip install 'pyrec[app]'" in result.stderr
    assert "Traceback" not in result.stderr
