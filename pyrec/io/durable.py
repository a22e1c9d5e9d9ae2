"""Durable files: on the disk before anybody relies on them, and known by their content."""

import hashlib
import os
from pathlib import Path

from pyrec.errors import ArtifactError

__all__ = ["sha256", "sync"]


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises
    ------
    ArtifactError
        If it cannot be read.
    """
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactError(f"{file}: cannot be read ({error.strerror})") from error
