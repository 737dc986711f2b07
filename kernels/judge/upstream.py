"""The pinned upstream in a cache on this host: fetched once by git, kept under its tree id, checked on every use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from judge.faults import Refused
from judge.githash import tree_id

SHA = re.compile(r"[0-9a-f]{40}")
GITHUB = re.compile(r"github:([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})")


def cached_upstream(url: str, commit: str, tree: str, cache: Path | None = None) -> Path:
    """-> directory with exactly the pinned tree. Raises Refused with the cause and what to do."""
    for name, value in (("commit", commit), ("tree", tree)):
        if not SHA.fullmatch(value):
            raise Refused(f"--{name} must be a full id of 40 hex digits, not {value[:60]!r}")
    cache = cache or cache_directory()
    place = cache / tree
    if place.is_dir():
        if _has_tree(place, tree):
            return place
        shutil.rmtree(place)  # damaged: fetched again
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"cannot make the cache {cache}: {error}. Set XDG_CACHE_HOME to a writable directory.") from error
    with tempfile.TemporaryDirectory(prefix=f".{tree}.", dir=cache) as scratch:
        files = Path(scratch, "tree")
        _fetch(resolve(url), commit, Path(scratch, "git"), files)
        if not _has_tree(files, tree):
            raise Refused(f"commit {commit} of {url} does not have the pinned tree {tree}: the task's pin is wrong")
        files.chmod(0o755)
        try:
            files.rename(place)
        except OSError:
            if not place.is_dir():  # else another process was faster, with the same content
                raise
    return place


def cache_directory() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home, "quasar-referee", "upstream")


def resolve(url: str) -> str:
    """`github:owner/name` on the GitHub server that runs the evaluation; other addresses as they are."""
    short = GITHUB.fullmatch(url)
    if short:
        return f"{os.environ.get('GITHUB_SERVER_URL') or 'https://github.com'}/{short[1]}"
    if url.startswith("-") or not re.match(r"(https?|ssh|git|file)://|/", url):
        raise Refused(f"not an address that git may fetch from: {url[:200]!r}")
    return url


def _fetch(url: str, commit: str, repository: Path, files: Path) -> None:
    """Writes the commit's files byte for byte: a checkout would apply filters that the repository's attributes name."""
    _git(["init", "-q", "--bare", str(repository)])
    _git(["-C", str(repository), "fetch", "-q", "--depth", "1", "--no-tags", url, commit])
    listing = _git(["-C", str(repository), "ls-tree", "-r", "-z", "--full-tree", commit])
    entries = [line.split(b"\t", 1) for line in listing.split(b"\0") if line]
    contents = _contents(repository, [meta.split()[2] for meta, _ in entries])
    files.mkdir()
    for (meta, raw_path), content in zip(entries, contents, strict=True):
        mode, path = meta.split()[0], os.fsdecode(raw_path)
        file = files / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if mode == b"120000":
            os.symlink(os.fsdecode(content), file)
        elif mode == b"160000":
            raise Refused(f"{url} at {commit} has a submodule at {path}, which cannot be judged")
        else:
            file.write_bytes(content)
            file.chmod(0o755 if mode == b"100755" else 0o644)


def _contents(repository: Path, ids: list[bytes]) -> list[bytes]:
    output = _git(["-C", str(repository), "cat-file", "--batch"], b"".join(i + b"\n" for i in ids))
    contents, at = [], 0
    for _ in ids:
        end = output.index(b"\n", at)
        size = int(output[at:end].split()[2])
        contents.append(output[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return contents


def _git(arguments: list[str], stdin: bytes | None = None) -> bytes:
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file"}
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        env.pop(name, None)
    try:
        done = subprocess.run(["git", *arguments], input=stdin, env=env, capture_output=True, check=False, timeout=600)
    except FileNotFoundError as error:
        raise Refused("git is missing. Install it:\n  apt-get install -y git") from error
    except subprocess.TimeoutExpired as error:
        raise Refused(f"git {arguments[0]} took longer than 10 minutes") from error
    if done.returncode:
        raise Refused(f"git failed: {done.stderr.decode('utf-8', 'replace').strip()[:500]}")
    return done.stdout


def _has_tree(directory: Path, tree: str) -> bool:
    try:
        return tree_id(directory)[0] == tree
    except (OSError, ValueError):
        return False
