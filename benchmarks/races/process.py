"""Each contender runs in a process of its own, in the environment that suits it best.

So settings of one library (BLAS threads, instruction set) cannot touch another, the processor
level of ours is one more setting, and the peak memory of each is known.
"""

import ctypes
import gc
import multiprocessing
import os
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path

from races.race import Contender, Race, load

AT_LEAST = 0.1  # seconds of a round, so that its ends do not matter


class Runner:
    """The near end of a contender's process."""

    def __init__(self, race: Race, contender: Contender, folder: Path, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, far_end = context.Pipe()
        self.name = contender.name
        environment = {k: v.format(threads=threads) for k, v in contender.environment.items()}
        self._process = context.Process(
            target=serve, args=(far_end, race, contender, folder, threads), daemon=True
        )
        with set_environment(environment):
            self._process.start()
        far_end.close()
        self.ready = self._answer()
        """Seconds of the preparation."""

    def run(self) -> dict[str, float]:
        """Do the work: its seconds, megabytes beyond the inputs at the peak, CPU seconds of all."""
        return self._ask("run")

    def outcome(self):
        """What the last round has found; ends the process."""
        outcome = self._ask("outcome")
        self._process.join()
        return outcome

    def stop(self) -> None:
        self._process.kill()
        self._process.join()

    def _ask(self, command):
        self._pipe.send(command)
        return self._answer()

    def _answer(self):
        try:
            answer = self._pipe.recv()
        except EOFError:
            answer = f"ended with exit code {self._process.exitcode}"
        if isinstance(answer, str):
            raise RuntimeError(f"{self.name}: {answer}")
        return answer


def serve(pipe, race: Race, contender: Contender, folder: Path, threads: int) -> None:
    """Prepare, then run once for each "run", then tell the outcome. A text is an error."""
    try:
        inputs = load(folder)
        start = time.perf_counter()
        work = contender.prepare(race, inputs, threads)
        pipe.send(time.perf_counter() - start)
        cpu = time.process_time()
        while pipe.recv() == "run":
            result, repeats = None, 0
            before = settled_memory()
            start = time.perf_counter()
            while repeats == 0 or (race.repeatable and time.perf_counter() < start + AT_LEAST):
                result = None  # two results never add up
                result = work()
                repeats += 1
            seconds = (time.perf_counter() - start) / repeats
            memory, last, cpu = peak_memory() - before, cpu, time.process_time()
            pipe.send({"seconds": seconds, "cpu": cpu - last, "megabytes": memory})
        pipe.send(race.outcome(inputs, result))
    except EOFError:
        return  # the near end has gone
    except Exception:
        pipe.send(traceback.format_exc())


def settled_memory() -> float:
    """Give back what is free, forget the peak, and return the resident megabytes."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):  # else the peak includes the preparation
        Path("/proc/self/clear_refs").write_text("5")
    return resident("VmRSS")


def peak_memory() -> float:
    """Return the largest number of resident megabytes since `settled_memory`."""
    return resident("VmHWM")


def resident(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


@contextmanager
def set_environment(values: dict[str, str]):
    """Set variables for processes that start inside the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
