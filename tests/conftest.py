import os
import shutil
from importlib.metadata import distribution
from pathlib import Path

import hypothesis
import pytest

import pyrec
from pyrec import _kernels

hypothesis.settings.register_profile("default", deadline=None, max_examples=60)
hypothesis.settings.load_profile("default")


@pytest.fixture(params=_kernels.available_simd_levels())
def simd(request):
    """Run the test once at every SIMD level that the machine has."""
    before = _kernels.simd_level()
    _kernels.set_simd_level(request.param)
    yield request.param
    _kernels.set_simd_level(before)


@pytest.fixture(scope="session")
def real_data():
    """The folder of real data sets; tests that need it skip where it is absent."""
    folder = os.environ.get("PYREC_DATA")
    if not folder:
        pytest.skip("PYREC_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder that holds the installed package as a wheel lays it out, and nothing else."""
    folder = tmp_path_factory.mktemp("site")
    # An editable installation has two folders, the first of which takes precedence.
    for part in reversed(pyrec.__path__):
        ignored = shutil.ignore_patterns("__pycache__", "*.pyx")
        shutil.copytree(part, folder / "pyrec", dirs_exist_ok=True, ignore=ignored)
    metadata = f"pyrec-{pyrec.__version__}.dist-info"
    shutil.copytree(distribution("pyrec").locate_file(metadata), folder / metadata)
    return folder
