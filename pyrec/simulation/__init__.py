"""Simulation: a shop that does not exist, whose people's true preferences are known."""
