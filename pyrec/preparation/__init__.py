"""Preparation: what happens to a log before a model sees it: cleaning, weights, splits."""
