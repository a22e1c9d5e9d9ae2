"""Alternating least squares, under the name by which programs import it."""

from pyrec.compat.implicit.cpu.als import AlternatingLeastSquares

__all__ = ["AlternatingLeastSquares"]
