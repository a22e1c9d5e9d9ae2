"""The largest entries of each row of a sparse product: items of float weights with themselves."""

from dataclasses import dataclass
from typing import ClassVar

import scipy.sparse as sp

import data
from pyrec.kernels import sparse_top_k
from pyrec.preparation.weighting import tfidf
from races.race import Contender, Race
from races.similarity import accumulated, agree_in_sums, row_sums

LARGEST = 100


def by_pyrec(race, inputs, threads):
    return lambda: sparse_top_k(inputs["items"], inputs["users"], race.k, threads=threads)


def by_similaripy(race, inputs, threads):
    import similaripy

    return lambda: similaripy.dot_product(
        inputs["items"], inputs["users"], k=race.k, num_threads=threads, verbose=False,
        format_output="csr",
    )  # fmt: skip


def by_sparse_dot_topn(race, inputs, threads):
    import sparse_dot_topn

    return lambda: sparse_dot_topn.sp_matmul_topn(
        inputs["items"], inputs["users"], top_n=race.k, n_threads=threads
    )


@dataclass(frozen=True)
class Product(Race):
    """Items by users times users by items, weighted by TF-IDF."""

    data: str
    k: int

    work: ClassVar = "product"
    contenders: ClassVar = (
        Contender("pyrec", by_pyrec),
        Contender("similaripy", by_similaripy, "similaripy"),
        Contender("sparse_dot_topn", by_sparse_dot_topn, "sparse_dot_topn"),
    )

    @property
    def title(self):
        return f"{self.data}, TF-IDF, top {self.k}"

    def inputs(self):
        users = sp.csr_matrix(tfidf(data.matrix(self.data)))
        return {"users": users, "items": users.T.tocsr()}

    def outcome(self, inputs, result):
        return {"sums": row_sums(result), "stored": result.nnz}

    def agree(self, inputs, outcomes):
        return agree_in_sums(outcomes)

    def cost(self, inputs, outcome):
        return accumulated(inputs["items"], inputs["users"])


SETS = ["gowalla"]


def races(options):
    for name in data.available(options.data or SETS):
        yield Product(name, LARGEST)
