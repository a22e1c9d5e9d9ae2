"""The steps of a run: how long each took and how much memory it needed, told while it happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

__all__ = ["Listener", "Step", "Steps"]

Listener = Callable[[str, int, int], None]
"""Called as ``listener(step, done, total)``: total is 0 while unknown, done is total at the end."""

_PROC = Path("/proc/self")


@dataclass(frozen=True)
class Step:
    """A finished step: its name, wall-clock seconds, and the largest resident memory during it."""

    name: str
    seconds: float
    peak_bytes: int


class Steps:
    """A stop-watch for the parts of a long job.

    Parameters
    ----------
    listener : callable, optional
        Hears of the beginning, the progress and the end of every step: a progress bar.

    Examples
    --------
    >>> steps = Steps()
    >>> with steps("count") as progress:
    ...     for i in range(10):
    ...         progress(i, 10)
    >>> [step.name for step in steps.done]
    ['count']
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self.done: list[Step] = []
        self._listener: Listener = listener or (lambda step, done, total: None)

    @contextmanager
    def __call__(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Time the body of a ``with``; it may call what it gets as ``progress(done, total)``."""
        _forget_peak()
        start = time.perf_counter()
        self._listener(name, 0, 0)
        yield partial(self._listener, name)
        self.done.append(Step(name, time.perf_counter() - start, _peak_bytes()))
        self._listener(name, 1, 1)


def _forget_peak() -> None:
    """Let the kernel count the peak of resident memory afresh (proc(5), ``clear_refs``)."""
    with suppress(OSError):  # not Linux, or not permitted: it is then the peak of the process
        (_PROC / "clear_refs").write_text("5")


def _peak_bytes() -> int:
    try:
        status = (_PROC / "status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):
        import resource

        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
