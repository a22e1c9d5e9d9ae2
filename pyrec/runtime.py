"""Process settings: threads and SIMD level. They are never part of a model.

The number of threads that a call uses is, in this order: its ``threads=`` argument, the innermost
``with pyrec.threads(n):`` block, the environment variable ``PYREC_NUM_THREADS``, and the CPUs that
affinity and the container's quota leave to the process. The SIMD level is the best that the CPU
has, unless ``PYREC_SIMD`` names another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from operator import index
from typing import Any

from pyrec import _kernels
from pyrec.errors import ConfigError

__all__ = ["info", "resolve_threads", "simd_level", "threads"]

# A ContextVar and not a global: one service thread cannot change another's setting.
_threads: ContextVar[int] = ContextVar("pyrec_threads", default=0)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Run the kernels called inside the block with `n` threads.

    Parameters
    ----------
    n : int
        Number of threads, at least 1; 0 means the default of the process.

    Raises
    ------
    ConfigError
        If `n` is not a whole number of 0 or more.

    Examples
    --------
    >>> import pyrec
    >>> with pyrec.threads(1):
    ...     pyrec.runtime.resolve_threads()
    1
    """
    token = _threads.set(_checked(n))
    try:
        yield
    finally:
        _threads.reset(token)


def resolve_threads(threads: int = 0) -> int:
    """Return the number of threads that a call given ``threads=`` shall use.

    Parameters
    ----------
    threads : int, default 0
        What the caller asked for; 0 means: decide by the rules of this module.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> resolve_threads(3)
    3
    """
    return _checked(threads) or _threads.get() or _kernels.default_threads()


def simd_level() -> str:
    """Return the name of the SIMD level in use.

    Examples
    --------
    >>> simd_level() in info()["simd_levels"]
    True
    """
    return _kernels.simd_level()


def info() -> dict[str, Any]:
    """Return what pyrec runs on, for reports of benchmarks and problems.

    Returns
    -------
    dict
        ``version``, ``threads`` (resolved now), ``simd_level``, ``simd_levels`` (all that this CPU
        has, least first), and the versions of ``python``, ``numpy`` and ``scipy``.

    Examples
    --------
    >>> sorted(info())
    ['numpy', 'python', 'scipy', 'simd_level', 'simd_levels', 'threads', 'version']
    """
    import platform
    from importlib.metadata import version

    return {
        "version": version("pyrec"),
        "threads": resolve_threads(),
        "simd_level": simd_level(),
        "simd_levels": _kernels.available_simd_levels(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
    }


def _checked(n: int) -> int:
    try:
        value = index(n)
    except TypeError:
        value = -1
    if value < 0 or isinstance(n, bool):
        raise ConfigError(f"threads: {n!r} is not a whole number of 0 or more (0: the default)")
    return value
