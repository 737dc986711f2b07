from __future__ import annotations

import pytest
from git_command import git
from judge.githash import blob_id, tree_id


def test_a_blob_has_git_s_id():
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_a_directory_has_git_s_tree_id(tmp_path):
    for path in ("a/z.py", "a.b", "a-b", "a0/x", "ü.txt", "deep/er/still/file", ".gitignore"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("a/z.py")
    (tmp_path / "empty").mkdir()
    git("init", "-q", cwd=tmp_path)
    git("add", "-A", "-f", cwd=tmp_path)
    found, files = tree_id(tmp_path)
    assert found == git("write-tree", cwd=tmp_path)
    assert files["a/z.py"] == b"a/z.py"
    assert "link" not in files and not any(path.startswith(".git/") for path in files)


def test_one_changed_byte_changes_the_tree(tmp_path):
    (tmp_path / "f").write_bytes(b"a")
    before = tree_id(tmp_path)[0]
    (tmp_path / "f").write_bytes(b"b")
    assert tree_id(tmp_path)[0] != before


def test_an_empty_directory_has_no_tree(tmp_path):
    with pytest.raises(ValueError, match="no files"):
        tree_id(tmp_path)
