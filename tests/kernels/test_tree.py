from __future__ import annotations

import hashlib
import shutil

import pytest
from conftest import REPOSITORY
from judge import tree
from judge.faults import Fault, Refused
from judge.task import load_task

UPSTREAM = REPOSITORY / "tests/fixtures/upstream"
TASK = load_task("quasar_demo")
PIN = TASK.data["upstream"]["tree"]
ALLOWED = TASK.data["targetFiles"]


def five():
    return {path: (UPSTREAM / path).read_bytes() for path in ALLOWED}


@pytest.fixture
def upstream(tmp_path):
    clean = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(UPSTREAM, tmp_path / "upstream", ignore=clean)
    return tmp_path / "upstream"


def test_the_tree_holds_stubs_pinned_modules_and_the_five_files_only(upstream):
    built = tree.build(upstream, PIN, {**five(), ALLOWED[0]: b"mine"}, ALLOWED)
    assert set(built) == {*tree.STUBS, *tree.PINNED, *ALLOWED}
    assert built[ALLOWED[0]] == b"mine"
    assert built["fla/layers/quasar.py"] == (UPSTREAM / "fla/layers/quasar.py").read_bytes()
    assert not any("gla" in path or "kda" in path for path in built)


def test_an_upstream_with_one_changed_byte_is_refused(upstream):
    (upstream / "fla/utils.py").write_text("changed")
    with pytest.raises(Refused, match="not the pinned upstream"):
        tree.build(upstream, PIN, five(), ALLOWED)


def test_an_absent_upstream_is_refused(tmp_path):
    with pytest.raises(Refused, match="cannot read"):
        tree.build(tmp_path / "nothing", PIN, five(), ALLOWED)


@pytest.mark.parametrize("path", ["fla/layers/quasar.py", "../x.py", "torch.py", "fla/ops/quasar/sitecustomize.py"])
def test_a_file_that_is_not_a_target_is_refused(upstream, path):
    files = five()
    files[path] = files.pop(ALLOWED[0])
    with pytest.raises(Fault) as caught:
        tree.build(upstream, PIN, files, ALLOWED)
    assert caught.value.reason == "import_error"


def test_a_missing_and_a_huge_file_are_refused(upstream):
    files = five()
    del files[ALLOWED[1]]
    with pytest.raises(Fault):
        tree.build(upstream, PIN, files, ALLOWED)
    with pytest.raises(Fault, match="more than"):
        tree.build(upstream, PIN, {**five(), ALLOWED[1]: b"#" * (256 * 1024 + 1)}, ALLOWED)


def test_a_written_tree_is_readable_by_everybody(tmp_path):
    tree.write({"a/b/c.py": b"x"}, tmp_path / "t")
    assert (tmp_path / "t/a/b/c.py").read_bytes() == b"x"
    assert (tmp_path / "t/a/b").stat().st_mode & 0o777 == 0o755
    with pytest.raises(Refused):
        tree.write({"../evil": b""}, tmp_path / "t")


def test_the_content_digest_is_that_of_the_contracts():
    lines = "".join(f"{p}\0{hashlib.sha256(c).hexdigest()}\n" for p, c in sorted({"b": b"2", "a": b"1"}.items()))
    assert tree.content_digest({"b": b"2", "a": b"1"}) == hashlib.sha256(lines.encode()).hexdigest()
