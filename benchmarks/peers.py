"""Other libraries behind one signature, and fair races with them.

A race takes turns (A B A B) in one process, so that a busy machine slows all alike, and checks
that all find the same. ``python benchmarks/peers.py`` runs the races of all benchmarks on data of
the size of Gowalla. Peers come with ``pip install 'pyrec[peers]'``; those absent are left out.
"""

import importlib.util
import os
import platform
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

# Before numpy loads: the OpenBLAS in faiss takes newer CPUs for old ones, three times slower.
if "avx512f" in Path("/proc/cpuinfo").read_text():
    os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")

import numpy as np

import pyrec


def implicit_top_k(users, items, k, exclude, threads):
    from implicit.cpu.topk import topk
    from threadpoolctl import threadpool_limits

    def search():
        with threadpool_limits(1, "blas"):  # as implicit asks for
            found, scores = topk(items, users, k, filter_query_items=exclude, num_threads=threads)
        return found, scores

    return search


def faiss_top_k(users, items, k, exclude, threads):
    """Faiss cannot exclude pairs; it is timed without."""
    import faiss
    from threadpoolctl import threadpool_limits

    index = faiss.IndexFlatIP(items.shape[1])
    index.add(items)

    def search():
        faiss.omp_set_num_threads(threads)
        with threadpool_limits(threads, "blas"):
            scores, found = index.search(users, k)
        return found, scores

    return search


# name of the module: (name of the distribution, function that prepares a search)
TOP_K = {
    "implicit": ("implicit", implicit_top_k),
    "faiss": ("faiss-cpu", faiss_top_k),
}


def installed(peers):
    """Return {name with version: function} of the peers that are installed."""
    return {
        f"{name} {version(distribution)}": prepare
        for name, (distribution, prepare) in peers.items()
        if importlib.util.find_spec(name)
    }


def race(contenders, rounds=5):
    """Return {name: seconds of each round} for functions without arguments, in turns."""
    times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return times


def report(times, work=None, unit="GFLOP/s"):
    """Print a line for each contender: its best and median, and how it compares with the first."""
    first = min(next(iter(times.values())))
    for name, seconds in times.items():
        rate = f"  {work / min(seconds):8.0f} {unit}" if work else ""
        print(
            f"  {name:28} best {min(seconds):8.4f} s  median {np.median(seconds):8.4f} s"
            f"{rate}  {min(seconds) / first:6.2f}x"
        )


def machine(threads):
    """Return a line on what the race runs on."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")),
        platform.machine(),
    )  # fmt: skip
    info = pyrec.runtime.info()
    return (
        f"{cpu}, {threads} threads, {info['simd_level']}; pyrec {info['version']}, "
        f"numpy {info['numpy']}, scipy {info['scipy']}"
    )


def peak(threads):
    """Return GFLOP/s of multiply-adds and GOP/s of 8-bit dot products (0: none) on this machine."""
    source = Path(__file__).with_name("peak.cpp")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        command = ["c++", "-std=c++20", "-O2", "-march=native", "-pthread", source, "-o", program]
        subprocess.run(command, check=True)
        found = subprocess.run([program, str(threads)], check=True, capture_output=True, text=True)
    return tuple(map(float, found.stdout.split()))


def main():
    import bench_als
    import bench_similarity
    import bench_top_k

    for benchmark in (bench_top_k, bench_similarity, bench_als):
        benchmark.main()


if __name__ == "__main__":
    main()
