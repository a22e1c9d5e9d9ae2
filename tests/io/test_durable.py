import hashlib

import pytest

from pyrec.errors import ArtifactError
from pyrec.io.durable import sha256, sync


def test_files_and_folders_are_synced(tmp_path):
    (tmp_path / "a").write_text("x")
    sync(tmp_path / "a")
    sync(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "b")


def test_the_digest_is_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100_000)
    assert sha256(tmp_path / "a") == hashlib.sha256(b"x" * 100_000).hexdigest()
    with pytest.raises(ArtifactError, match=r"b: cannot be read \(No such file or directory\)"):
        sha256(tmp_path / "b")
