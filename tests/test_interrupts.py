"""Ctrl-C stops every long kernel within a moment, whatever the number of threads."""

import signal
import threading
import time

import numpy as np
import pytest

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.interactions import frozen

# The bindings look for signals every 100 ms, between two chunks of about a millisecond each. The
# rest is for machines that are busy with something else.
PATIENCE = 1.0


def factors(rows, cols=128):
    return np.random.default_rng(rows).standard_normal((rows, cols), dtype=np.float32)


@pytest.fixture(scope="module")
def matrix():
    """Twenty million entries, 200 in each row."""
    rows, columns, per_row = 100_000, 20_000, 200
    gap = columns // per_row
    chosen = np.random.default_rng(0).integers(0, gap, (rows, per_row), dtype=np.int32)
    chosen += np.arange(0, columns, gap, dtype=np.int32)
    offsets = np.arange(0, rows * per_row + 1, per_row, dtype=np.int64)
    values = np.ones(rows * per_row, dtype=np.float32)
    return Csr(frozen(offsets), frozen(chosen.ravel()), frozen(values), columns)


def dense_search(matrix, threads):
    users, items = factors(200_000), factors(100_000)
    return lambda: _kernels.recommend_dense(users, items, None, None, k=10, threads=threads)


def sparse_search(matrix, threads):
    similar = matrix.take(np.arange(matrix.shape[1], dtype=np.int32))
    return lambda: _kernels.recommend_sparse(matrix, similar, None, None, k=10, threads=threads)


def similarity(matrix, threads):
    columns = matrix.transposed()
    norms = np.sqrt(np.diff(columns.offsets)).astype(np.float32)
    return lambda: _kernels.find_neighbors(
        columns, norms, matrix, norms, np.empty(0, np.int32), k=100, denominator="product",
        shrink=0.0, pattern=False, threads=threads)  # fmt: skip


def sessions(matrix, threads):
    of_items = matrix.transposed()
    return lambda: _kernels.nearest_sessions(
        matrix, of_items, sample=5000, k=100, length=20, threads=threads)  # fmt: skip


def als(matrix, threads, solver="cg"):
    options = _kernels.AlsOptions(
        solver=solver, regularization=0.1, alpha=1.0, unobserved_weight=1.0,
        regularization_exponent=0.0, cg_steps=30, block_size=64)  # fmt: skip
    side = _kernels.AlsSide(options)
    side.prepare(factors(matrix.shape[1], 256), threads=threads)
    users = factors(matrix.shape[0], 256)
    scratch = _kernels.AlsScratch()
    return lambda: _kernels.als_solve(matrix, side, users, scratch, threads=threads)


def exact_als(matrix, threads):
    return als(matrix, threads, "exact")


def subspace_als(matrix, threads):
    return als(matrix, threads, "subspace")


def ratings(matrix, threads):
    base = np.zeros(matrix.shape[1], np.float32)
    return lambda: _kernels.solve_ridge(
        matrix, factors(matrix.shape[1], 64), base, ridge=0.1, threads=threads)  # fmt: skip


def pairwise(matrix, threads):
    users, items = factors(matrix.shape[0]), factors(matrix.shape[1])
    return lambda: [_kernels.bpr_epoch(
        matrix, users, items, epoch=epoch, learning_rate=0.01, regularization=0.01, candidates=1,
        seed=0, threads=threads) for epoch in range(20)]  # fmt: skip


def elastic_nets(matrix, threads):
    n = matrix.shape[1]
    some = matrix.take(np.arange(n, dtype=np.int32))
    diagonal, ridges = np.full(n, 500, np.float32), np.full(n, 10, np.float32)
    return lambda: _kernels.regress_on_neighbors(
        some, diagonal, ridges, matrix.take(np.arange(n, 2 * n, dtype=np.int32)), l1=0.0,
        nonnegative=False, sweeps=200, tolerance=0.0, threads=threads)  # fmt: skip


def candidates(lists, width=100, items=20_000):
    """Rows and relevance of lists of candidates, best first."""
    rows = (np.arange(lists)[:, None] + 97 * np.arange(width)) % items
    relevance = np.tile(np.linspace(1, 0, width, dtype=np.float32), (lists, 1))
    return rows.astype(np.int32), relevance


def diversity(matrix, threads, rerank=_kernels.rerank_dpp):
    vectors = factors(matrix.shape[1])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lists = candidates(150_000)
    return lambda: rerank(*lists, vectors, k=50, trade_off=0.5, threads=threads)


def marginal_relevance(matrix, threads):
    return diversity(matrix, threads, _kernels.rerank_mmr)


def calibration(matrix, threads):
    rows, relevance = candidates(matrix.shape[0])
    groups = matrix.take(np.arange(matrix.shape[1], dtype=np.int32))
    return lambda: _kernels.rerank_calibrated(
        rows, relevance, groups, matrix, k=50, weight=0.9, threads=threads)  # fmt: skip


def reasons_of_als(matrix, threads):
    options = _kernels.AlsOptions(
        solver="exact", regularization=0.1, alpha=1.0, unobserved_weight=1.0,
        regularization_exponent=0.0, cg_steps=3, block_size=64)  # fmt: skip
    side = _kernels.AlsSide(options)
    side.prepare(factors(matrix.shape[1], 64), threads=threads)
    lists = candidates(matrix.shape[0], width=20)[0]
    return lambda: _kernels.explain_als(matrix, side, lists, k=2, threads=threads)


def reasons_of_neighbors(matrix, threads):
    similar = matrix.take(np.arange(matrix.shape[1], dtype=np.int32))
    lists = candidates(matrix.shape[0], width=20)[0]
    return lambda: _kernels.explain_sparse(matrix, similar, lists, k=2, threads=threads)


def bootstrap(matrix, threads):
    values = np.ones((1_000_000, 1))
    return lambda: _kernels.bootstrap_sums(values, replicates=100_000, seed=0, threads=threads)


def seconds_until_stopped(work):
    """Send SIGINT a moment after `work` has begun; return how long it went on."""
    sent = []

    def send():
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.3, send)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer.start()
        work()
    except KeyboardInterrupt:
        return time.perf_counter() - sent[0]
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    return pytest.fail("the work was too short to be interrupted")


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    "kernel",
    [
        dense_search,
        sparse_search,
        similarity,
        sessions,
        als,
        exact_als,
        subspace_als,
        ratings,
        pairwise,
        elastic_nets,
        diversity,
        marginal_relevance,
        calibration,
        reasons_of_als,
        reasons_of_neighbors,
        bootstrap,
    ],
)
def test_ctrl_c_stops_a_kernel(kernel, threads, matrix):
    work = kernel(matrix, threads)
    assert seconds_until_stopped(work) < PATIENCE
