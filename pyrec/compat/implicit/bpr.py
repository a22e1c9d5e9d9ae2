"""Bayesian personalised ranking, under the name by which programs import it."""

from pyrec.compat.implicit.cpu.bpr import BayesianPersonalizedRanking

__all__ = ["BayesianPersonalizedRanking"]
