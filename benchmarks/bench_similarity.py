"""Nearest items by cosine: ours, and the peers' that are installed, on the same matrix.

``python benchmarks/bench_similarity.py`` takes turns (A B A B), so that a busy machine slows all
alike, and prints ratios; ``pytest benchmarks/bench_similarity.py`` times ours alone. Each starts
from users by items as a scipy CSR matrix and ends with a sparse matrix of similarities; all must
agree. Give a matrix of your own with ``--npz`` (scipy) or ``--adjacency`` (lines of ``user item
item ...``).
"""

import argparse
import importlib.util
import os
import platform
import time
import warnings
from importlib.metadata import version

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # what implicit asks for

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.kernels import neighbors


def purchases(users, items, nnz, seed=0):
    """Ones with a power law of items and of users."""
    rng = np.random.default_rng(seed)
    rows = (users * rng.random(nnz) ** 2).astype(np.int32)
    ranks = (items * rng.random(nnz) ** 3).astype(np.int32)
    columns = rng.permutation(items).astype(np.int32)[ranks]
    matrix = sp.csr_matrix((np.ones(nnz, np.float32), (rows, columns)), shape=(users, items))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def implicit_cosine(matrix, k, threads):
    from implicit.nearest_neighbours import CosineRecommender

    def fit():
        with warnings.catch_warnings(action="ignore"):
            # It keeps an item among its own neighbours.
            model = CosineRecommender(K=k + 1, num_threads=threads)
            model.fit(matrix, show_progress=False)
        return model.similarity

    return fit


def similaripy_cosine(matrix, k, threads):
    import similaripy

    def fit():
        items = matrix.T.tocsr()
        return similaripy.cosine(
            items, k=k + 1, num_threads=threads, verbose=False, format_output="csr"
        )

    return fit


def sparse_dot_topn_cosine(matrix, k, threads):
    import sparse_dot_topn

    def fit():
        norms = np.sqrt(np.bincount(matrix.indices, matrix.data**2, minlength=matrix.shape[1]))
        scale = 1 / np.maximum(norms, 1e-12).astype(np.float32)
        unit = sp.csr_matrix(matrix.multiply(scale[None, :]), dtype=np.float32)
        return sparse_dot_topn.sp_matmul_topn(unit.T.tocsr(), unit, top_n=k + 1, n_threads=threads)

    return fit


PEERS = {
    "implicit": implicit_cosine,
    "similaripy": similaripy_cosine,
    "sparse_dot_topn": sparse_dot_topn_cosine,
}


@pytest.mark.parametrize("threads", [1, 0], ids=["one thread", "all threads"])
@pytest.mark.parametrize(
    ("users", "items", "nnz"), [(1_000, 2_000, 20_000), (30_000, 40_000, 800_000)]
)
def test_neighbors(benchmark, users, items, nnz, threads):
    matrix = purchases(users, items, nnz)
    found = benchmark(lambda: neighbors(matrix, 100, threads=threads))
    assert found.shape == (items, items)


def best_values(similarities, k):
    """Return the sums over all rows of the k best similarities to others."""
    matrix = sp.csr_array(similarities)
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    total = 0.0
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        total += -np.sort(-matrix.data[start:end])[:k].sum(dtype=np.float64)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-k", type=int, default=100)
    parser.add_argument("--threads", type=int, default=pyrec.runtime.resolve_threads())
    parser.add_argument("--rounds", type=int, default=5)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--npz")
    source.add_argument("--adjacency")
    options = parser.parse_args()
    if options.npz:
        matrix = sp.csr_matrix(sp.load_npz(options.npz))
    elif options.adjacency:
        matrix = sp.csr_matrix(pyrec.read_adjacency(options.adjacency).to_scipy())
    else:
        matrix = purchases(30_000, 40_000, 800_000)
    contenders = {"pyrec": lambda: neighbors(matrix, options.k, threads=options.threads)}
    for name, peer in PEERS.items():
        if importlib.util.find_spec(name):
            contenders[name] = peer(matrix, options.k, options.threads)
    times = {name: [] for name in contenders}
    expected = best_values(contenders["pyrec"](), options.k)
    for name, work in contenders.items():
        assert abs(best_values(work(), options.k) / expected - 1) < 1e-4, name
    for _ in range(options.rounds):
        for name, work in contenders.items():
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    print(
        f"{matrix.shape[0]:,} users, {matrix.shape[1]:,} items, {matrix.nnz:,} entries; "
        f"cosine, {options.k} neighbours, {options.threads} threads, "
        f"{platform.processor() or platform.machine()}, {pyrec.runtime.simd_level()}"
    )
    ours = np.median(times["pyrec"])
    for name, all_times in times.items():
        median = np.median(all_times)
        print(
            f"{name:16} {version(name):8} median {median:7.3f} s   best {min(all_times):7.3f} s"
            f" {median / ours:7.1f}x"
        )


if __name__ == "__main__":
    main()
