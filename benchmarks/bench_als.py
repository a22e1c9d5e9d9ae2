"""ALS iterations: ours beside implicit, from the same start, both sides of the matrix.

``python benchmarks/bench_als.py`` lets them take turns (A B A B) and prints seconds, rates, also as
shares of what the machine can multiply at most, and the objective that each has reached after the
same number of iterations. Rates count the work that is necessary: of the exact solvers the cheaper
of the normal equations and their dual, row by row, whatever a contender really does.
``pytest --benchmark-enable benchmarks/bench_als.py`` times ours alone.
"""

import argparse

import data
import numpy as np
import peers
import pytest

from pyrec import ALS, Interactions, runtime
from pyrec.models.als import Training

REGULARIZATION, ALPHA = 0.05, 10.0


def estimator(factors, solver):
    return ALS(factors=factors, solver=solver, regularization=REGULARIZATION, alpha=ALPHA)


@pytest.mark.parametrize("threads", [1, 0], ids=["one-thread", "all-threads"])
@pytest.mark.parametrize("solver", ["cg", "exact"])
@pytest.mark.parametrize("size", ["S", "M"])
def test_iteration(benchmark, size, solver, threads):
    training = Training(estimator(64, solver), Interactions.from_scipy(data.matrix(size)))
    with runtime.threads(threads):
        benchmark(training.iterate)


def implicit_iteration(training, solver, threads):
    """One iteration of implicit on its own copy of the factors, and those factors."""
    from implicit.cpu import _als
    from threadpoolctl import threadpool_limits

    csr, by_item = (
        (ALPHA * matrix.to_scipy()).tocsr()
        for matrix in (training.interactions, transposed(training.interactions))
    )
    users, items = training.user_factors.copy(), training.item_factors.copy()
    solve = _als.least_squares_cg if solver == "cg" else _als.least_squares

    def iterate():
        with threadpool_limits(1, "blas"):  # as implicit asks for
            solve(csr, users, items, REGULARIZATION, num_threads=threads)
            solve(by_item, items, users, REGULARIZATION, num_threads=threads)

    return iterate, (users, items)


def transposed(interactions):
    return Interactions(interactions.items, interactions.users, interactions.by_item)


PEERS = {"implicit": ("implicit", implicit_iteration)}


def necessary_work(interactions, factors, solver, steps=3):
    """GFLOP of an iteration."""
    total = 0.0
    for csr in (interactions.csr, interactions.by_item):
        n = np.diff(csr.offsets).astype(np.float64)
        total += csr.shape[1] * factors**2  # the Gram matrix is symmetric
        if solver == "cg":
            total += np.sum(2 * (steps + 1) * (factors**2 + 2 * n * factors))
        else:
            direct = n * factors**2 + factors**3 / 3
            dual = n**2 * factors + n**3 / 3
            total += np.sum(np.minimum(direct, dual) + 2 * factors**2)
    return total * 1e-9


def race_als(interactions, factors, solver, threads, rounds, peak):
    training = Training(estimator(factors, solver), interactions)
    contenders, reached = {"pyrec": training.iterate}, {}
    for name, prepare in peers.installed(PEERS).items():
        contenders[name], reached[name] = prepare(training, solver, threads)
    with runtime.threads(threads):
        times = peers.race(contenders, rounds)
    work = necessary_work(interactions, factors, solver)
    peers.report(times, work)
    share = work / min(times["pyrec"]) / peak
    print(f"  ours is {share:.0%} of the peak; objective after {rounds} iterations:", end=" ")
    losses = {"pyrec": training.loss()}
    for name, (users, items) in reached.items():
        losses[name] = training.loss(users, items)
    print(", ".join(f"{name} {loss:,.0f}" for name, loss in losses.items()))
    np.testing.assert_allclose(list(losses.values()), losses["pyrec"], rtol=1e-3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", default="M", help="S, M, L, an .npz, or a set below $PYREC_DATA")
    parser.add_argument("--factors", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--solver", nargs="+", default=["cg", "exact"])
    parser.add_argument("--threads", type=int, default=runtime.resolve_threads())
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    interactions = Interactions.from_scipy(data.matrix(options.data))
    peak, _ = peers.peak(options.threads)
    print(peers.machine(options.threads))
    print(f"at most {peak:.0f} GFLOP/s of multiply-adds")
    for factors in options.factors:
        for solver in options.solver:
            shape = "{:,} x {:,}, {:,} pairs".format(*interactions.shape, interactions.nnz)
            print(f"{options.data}: {shape}, {factors} factors, {solver}")
            race_als(interactions, factors, solver, options.threads, options.rounds, peak)


if __name__ == "__main__":
    main()
