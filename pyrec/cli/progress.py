"""Progress bars: one line on stderr per step that takes longer than a second, none when piped."""

import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

from pyrec.extras import need

__all__ = ["Bars"]

_PATIENCE = 1.0
_FORMAT = "{desc}: {percentage:3.0f}%|{bar:30}| {elapsed}<{remaining}"
_FORMAT_UNKNOWN = "{desc} ... {elapsed}"


class Bars:
    """A listener for `pyrec.workflow.steps.Steps` that draws bars; a context manager.

    A thread redraws, because steps that wait for one long call report nothing in between.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bar: Any = None
        self._since = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._thread = threading.Thread(target=self._redraw, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._close()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Take the news of a step (see `pyrec.workflow.steps.Listener`)."""
        if self._thread is None:
            return
        with self._lock:
            if total and done == total:
                self._close()
            elif total == 0:
                self._open(step)
            else:
                self._bar.total, self._bar.n = total, done

    def _open(self, step: str) -> None:
        self._close()
        tqdm = need("tqdm", "the command line").tqdm
        self._bar = tqdm(desc=step, leave=False, file=sys.stderr, delay=1e9)
        self._since = time.monotonic()

    def _close(self) -> None:
        if self._bar is not None:
            if self._bar.bar_format is not None:
                self._bar.clear()
            self._bar.close()
            self._bar = None

    def _redraw(self) -> None:
        while not self._stop.wait(0.2):
            with self._lock:
                if self._bar is not None and time.monotonic() - self._since > _PATIENCE:
                    self._bar.bar_format = _FORMAT if self._bar.total else _FORMAT_UNKNOWN
                    self._bar.refresh()
