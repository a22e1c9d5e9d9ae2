"""The machine: what it is, what it can do at most, and whether it is quiet enough to measure on."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from functools import cache
from pathlib import Path

import numpy as np

import pyrec
from races.race import Cost

# Beyond these a race is not reported.
OTHERS_AT_MOST = 0.05  # share of all CPU time that went to other processes
REFERENCE_AT_MOST = 0.10  # how much longer than its best the reference took, in the median
ROUNDS_AT_MOST = 0.15  # the same of a contender's rounds


def describe(threads: int) -> dict[str, str | int]:
    """Return what the figures depend on."""
    info = pyrec.runtime.info()
    names = (
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cpu": next(names, platform.machine()),
        "cpus": os.cpu_count() or 1,
        "threads": threads,
        "simd_level": info["simd_level"],
        **{name: info[name] for name in ("version", "python", "numpy", "scipy")},
    }


class Peak:
    """How much of each kind of operation a second has at most; nothing without a compiler.

    It is measured before each race, and the best of all counts: a neighbour may slow one of them.
    """

    def __init__(self, threads: int) -> None:
        self.seen = Cost()
        self._threads = threads

    def measure(self) -> Cost:
        """Measure again, and return the best so far."""
        if program := peak_program():
            command = [program, str(self._threads)]
            found = subprocess.run(command, check=True, capture_output=True, text=True)
            now = map(float, found.stdout.split())
            best = map(max, zip(now, astuple(self.seen), strict=True))
            self.seen = Cost(*best)
        return self.seen


@cache
def peak_program() -> Path | None:
    """Compile the program for this CPU."""
    compiler = shutil.which("c++")
    if compiler is None:
        return None
    program = Path(scratch().name) / "peak"
    source = Path(__file__).parent.with_name("peak.cpp")
    command = [compiler, "-std=c++20", "-O2", "-march=native", "-pthread", source]
    subprocess.run([*command, "-o", program], check=True)
    return program


@cache
def scratch() -> tempfile.TemporaryDirectory:
    """A folder that goes away with this process."""
    return tempfile.TemporaryDirectory(prefix="pyrec-peers-")


class Quiet:
    """Watches the machine during a race, from construction to `complaints`."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._threads = threads
        self._busy, self._own = busy_seconds(), time.process_time()
        self._start = time.perf_counter()
        self._references = []

    def reference(self) -> None:
        """Do the same work on all threads as ever: what slows it down slows the contenders."""
        time.sleep(0.03)  # until the threads of the last contender stop waiting for more
        start = time.perf_counter()
        list(self._pool.map(hash_block, range(self._threads)))
        self._references.append(time.perf_counter() - start)

    def complaints(self, cpu_of_contenders: float, rounds: dict[str, list[float]]) -> list[str]:
        """Return why the race is no measurement; nothing if it is one."""
        elapsed = (time.perf_counter() - self._start) * (os.cpu_count() or 1)
        own = time.process_time() - self._own + cpu_of_contenders
        self._pool.shutdown()
        found = []
        others = (busy_seconds() - self._busy - own) / elapsed
        if others > OTHERS_AT_MOST:
            found.append(f"other processes had {others:.0%} of the CPUs")
        if spread(self._references) > REFERENCE_AT_MOST:
            found.append(f"the reference spreads by {spread(self._references):.0%}")
        for name, seconds in rounds.items():
            if spread(seconds) > ROUNDS_AT_MOST:
                found.append(f"{name} spreads by {spread(seconds):.0%}")
        return found


def spread(seconds: list[float]) -> float:
    """Return how far the median is above the least."""
    return float(np.median(seconds) / min(seconds) - 1)


def hash_block(_: int) -> None:
    hashlib.sha256(block()).digest()  # lets go of the GIL


@cache
def block() -> bytes:
    return bytes(8_000_000)


def busy_seconds() -> float:
    """Return the seconds that all CPUs of the machine have worked, or were kept from it."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, _, _, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
