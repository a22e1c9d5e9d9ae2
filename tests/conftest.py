import os
import shutil
import tempfile
from importlib.metadata import distribution
from pathlib import Path

import hypothesis
import pytest

import pyrec
from pyrec import _kernels

# Processes that tests start shall import the installed package, as the tests do, and not the source
# folder that they may stand in.
os.environ["PYTHONSAFEPATH"] = "1"

# How quickly, and how often, an input is generated is no property of the code: a busy machine and
# an unlucky seed must not decide.
hypothesis.settings.register_profile(
    "default",
    deadline=None,
    max_examples=60,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.filter_too_much,
        hypothesis.HealthCheck.data_too_large,
    ],
)
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


@pytest.fixture
def unprivileged(tmp_path):
    """Return a function that runs another as a user without rights, and returns its error.

    Root may do everything, so tests of missing permissions run in a child that gives its rights up.
    """
    for folder in (tmp_path, *tmp_path.parents):
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(folder.stat().st_mode | 0o055)

    def run(function):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            message = "nothing was raised"
            try:
                if os.getuid() == 0:
                    os.setgid(65534)
                    os.setuid(65534)
                function()
            except BaseException as error:
                message = f"{type(error).__name__}: {error}"
            finally:
                os.write(writer, message.encode())
                os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        with os.fdopen(reader) as told:
            return told.read()

    return run
