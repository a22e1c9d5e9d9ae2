"""Evaluation: how good ranked lists are, with the uncertainty of the answer."""
