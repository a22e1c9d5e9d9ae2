"""The errors that pyrec raises: one tree, each also the built-in error that callers expect.

Every message says what was wrong, where, and what to do about it.
"""

__all__ = [
    "ArtifactError",
    "ConfigError",
    "DataError",
    "MissingPackageError",
    "NotSupportedError",
    "NumericalError",
    "OutOfMemoryError",
    "PyrecError",
    "UnknownIdError",
]


class PyrecError(Exception):
    """Base of all errors that pyrec raises on purpose."""


class ConfigError(PyrecError, ValueError):
    """An unknown or invalid option; the message starts with its dotted path."""


class DataError(PyrecError, ValueError):
    """Malformed input; the message names the file and line, the column, or the array and index."""


class UnknownIdError(PyrecError, KeyError):
    """An id that is not in the vocabulary."""

    def __str__(self) -> str:
        # KeyError would show the message in quotes, as it does for a bare key.
        return str(self.args[0]) if self.args else ""


class NotSupportedError(PyrecError, TypeError, AttributeError):
    """The model lacks the ability that was asked for."""


class ArtifactError(PyrecError, OSError):
    """A model directory that is missing, corrupt, or of an incompatible version."""


class MissingPackageError(PyrecError, ImportError):
    """An optional package that is not installed; the message has the line that installs it."""


class NumericalError(PyrecError, ArithmeticError):
    """Arithmetic that cannot go on, such as factors that diverged; names the row and the remedy."""


class OutOfMemoryError(PyrecError, MemoryError):
    """A result that this machine cannot hold, refused before any of it is allocated."""
