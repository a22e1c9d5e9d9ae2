import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import pyrec
from pyrec import _kernels
from pyrec.errors import ConfigError
from pyrec.runtime import resolve_threads


def test_argument_beats_block_beats_default():
    assert resolve_threads() == _kernels.default_threads()
    with pyrec.threads(5):
        assert resolve_threads() == 5
        with pyrec.threads(2):
            assert resolve_threads() == 2
        assert resolve_threads(3) == 3
        with pyrec.threads(0):
            assert resolve_threads() == _kernels.default_threads()
    assert resolve_threads() == _kernels.default_threads()


def test_a_block_does_not_reach_other_threads():
    with pyrec.threads(6), ThreadPoolExecutor(1) as pool:
        assert pool.submit(resolve_threads).result() == _kernels.default_threads()


@pytest.mark.parametrize("bad", [-1, 1.5, "2", True, None])
def test_bad_thread_counts_are_refused(bad):
    with pytest.raises(ConfigError, match="threads"):
        resolve_threads(bad)


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_environment_sets_threads_and_level():
    code = "import pyrec; print(pyrec.runtime.resolve_threads(), pyrec.runtime.simd_level())"
    result = python(code, PYREC_NUM_THREADS="3", PYREC_SIMD="baseline")
    assert result.stdout.split()[-2:] == ["3", "baseline"]


def test_an_unknown_level_fails_at_import_and_names_the_known():
    result = python("import pyrec._kernels", PYREC_SIMD="mmx")
    assert result.returncode != 0
    assert "SIMD level 'mmx' is unknown or this CPU lacks it; available here: baseline" in (
        result.stderr
    )


def test_a_bad_number_of_threads_is_refused():
    result = python("import pyrec; pyrec.runtime.resolve_threads()", PYREC_NUM_THREADS="many")
    assert "PYREC_NUM_THREADS=many: give a whole number of 1 or more" in result.stderr
