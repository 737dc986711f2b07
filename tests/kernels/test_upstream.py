from __future__ import annotations

import os

import pytest
from git_command import git
from judge.faults import Refused
from judge.upstream import cached_upstream, resolve


@pytest.fixture
def pinned(tmp_path):
    """-> (url, commit, tree) of a repository whose attributes would change a checkout."""
    source = tmp_path / "source"
    (source / "pkg").mkdir(parents=True)
    (source / "pkg/a.py").write_text("# $Format:%H$\n")
    (source / ".gitattributes").write_text("*.py export-subst eol=crlf\n")
    (source / "run.sh").write_text("true\n")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("run.sh")
    git("init", "-q", cwd=source)
    git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=source)
    git("add", "-A", cwd=source)
    git("commit", "-q", "-m", "pin", cwd=source)
    commit, tree = git("rev-parse", "HEAD", "HEAD^{tree}", cwd=source).split()
    return f"file://{source}", commit, tree


def test_the_cache_holds_exactly_the_committed_bytes(pinned, tmp_path):
    place = cached_upstream(*pinned, cache=tmp_path / "cache")
    assert place == tmp_path / "cache" / pinned[2]
    assert (place / "pkg/a.py").read_bytes() == b"# $Format:%H$\n"
    assert os.readlink(place / "link") == "run.sh"
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [pinned[2]]


def test_a_cached_upstream_needs_no_network(pinned, tmp_path):
    cached_upstream(*pinned, cache=tmp_path / "cache")
    assert cached_upstream("file:///nowhere", *pinned[1:], cache=tmp_path / "cache").is_dir()


def test_a_damaged_cache_is_fetched_again(pinned, tmp_path):
    place = cached_upstream(*pinned, cache=tmp_path / "cache")
    (place / "pkg/a.py").write_text("tampered")
    cached_upstream(*pinned, cache=tmp_path / "cache")
    assert (place / "pkg/a.py").read_bytes() == b"# $Format:%H$\n"


def test_a_wrong_pin_is_refused_and_leaves_nothing(pinned, tmp_path):
    with pytest.raises(Refused, match="does not have the pinned tree"):
        cached_upstream(pinned[0], pinned[1], "0" * 40, cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("url", ["--upload-pack=touch /tmp/x", "ext::sh -c id", "relative/path", ""])
def test_an_odd_address_is_refused(url):
    with pytest.raises(Refused, match="not an address"):
        resolve(url)


@pytest.mark.parametrize("commit", ["main", "abc", "--all", "A" * 40])
def test_only_full_ids_are_taken(commit, tmp_path):
    with pytest.raises(Refused, match="40 hex digits"):
        cached_upstream("https://example.com/x", commit, "0" * 40, cache=tmp_path)


def test_the_short_form_follows_the_github_server(monkeypatch):
    monkeypatch.setenv("GITHUB_SERVER_URL", "http://127.0.0.1:4700")
    assert resolve("github:owner/name") == "http://127.0.0.1:4700/owner/name"
    monkeypatch.delenv("GITHUB_SERVER_URL")
    assert resolve("github:owner/name") == "https://github.com/owner/name"
