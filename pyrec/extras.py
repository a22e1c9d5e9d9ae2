"""Optional packages: the engine runs without them, the application (`pyrec[app]`) brings them."""

from importlib import import_module
from typing import Any

from pyrec.errors import MissingPackageError

__all__ = ["need"]


def need(package: str, purpose: str, install: str = "'pyrec[app]'") -> Any:
    """Import an optional package and return it.

    Parameters
    ----------
    package : str
        Name to import, such as ``"duckdb"``.
    purpose : str
        What it is needed for, as the subject of the message: ``"reading files"``.
    install : str
        What to install, where that is not the application.

    Raises
    ------
    MissingPackageError
        If it is not installed; the message has the line that installs it.

    Examples
    --------
    >>> need("math", "counting").floor(2.5)
    2
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise  # the package is there, and something that it needs is not
        raise MissingPackageError(
            f"{purpose} needs the package {error.name}: pip install {install}"
        ) from None
