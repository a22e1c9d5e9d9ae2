"""Features: what is known of users and items besides who met what, as matrices for models."""

from pyrec.features.table import Features

__all__ = ["Features"]
