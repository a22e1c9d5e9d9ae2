"""The classes themselves, where implicit has those that run on the CPU."""

from pyrec.compat.implicit.cpu import als, bpr, matrix_factorization_base

__all__ = ["als", "bpr", "matrix_factorization_base"]
