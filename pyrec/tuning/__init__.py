"""Tuning: choosing options, models and their blends on a part of the training data."""
