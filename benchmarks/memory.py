"""How much memory training takes: the most that the process has, against what must be there.

``python benchmarks/memory.py`` trains ALS on 100 million interactions given as CSR (some 3 GB, a
minute or two) and prints the peak as a multiple of the matrix, its transpose and the factors.
"""

import argparse
import json
import time

import numpy as np
import scipy.sparse as sp

import pyrec
from races.process import peak_memory, settled_memory

PER_USER = 100


def interactions(users, items):
    """Return ones, a hundred for each user: one item from each of as many strata of the catalogue.

    Items that come first in their stratum are the popular ones. Columns increase as they are drawn,
    so that nothing has to be sorted.
    """
    rng = np.random.default_rng(0)
    stratum = items // PER_USER
    columns = np.empty((users, PER_USER), np.int32)
    for begin in range(0, users, 10_000):
        some = columns[begin : begin + 10_000]
        some[:] = stratum * rng.random(some.shape, np.float32) ** 2
        np.minimum(some, stratum - 1, out=some)
        some += np.arange(PER_USER, dtype=np.int32) * stratum
    offsets = np.arange(0, users * PER_USER + 1, PER_USER, dtype=np.int32)
    values = np.ones(users * PER_USER, np.float32)
    return sp.csr_array((values, columns.reshape(-1), offsets), shape=(users, items))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--interactions", type=int, default=100_000_000)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--solver", default="cg")
    options = parser.parse_args()
    empty = settled_memory()
    matrix = interactions(options.interactions // PER_USER, options.items)
    csr = sum(array.nbytes for array in (matrix.data, matrix.indices, matrix.indptr))
    factors = sum(matrix.shape) * options.factors * 4
    settled_memory()
    start = time.perf_counter()
    pyrec.ALS(factors=options.factors, iterations=1, solver=options.solver).fit(matrix)
    seconds = time.perf_counter() - start
    peak = (peak_memory() - empty) * 2**20
    found = {
        "interactions": matrix.nnz,
        "factors": options.factors,
        "solver": options.solver,
        "matrix and transpose, GB": round(2 * csr / 1e9, 2),
        "factors, GB": round(factors / 1e9, 2),
        "peak, GB": round(peak / 1e9, 2),
        "times what must be there": round(peak / (2 * csr + factors), 2),
        "seconds, one iteration": round(seconds, 1),
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
