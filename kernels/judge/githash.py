"""Git's object ids in plain Python: what a directory's tree id is, whatever made the directory."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path


def blob_id(content: bytes) -> str:
    return _object_id(b"blob", content)


def tree_id(directory: Path) -> tuple[str, dict[str, bytes]]:
    """-> (tree id of the directory as git would store it, content of every regular file by its path).

    `.git` at the top is left out; empty directories do not exist for git. The content returned is what was hashed, so
    nothing can change between the check and the use.
    """
    files: dict[str, bytes] = {}
    found = _tree(Path(directory), "", files)
    if found is None:
        raise ValueError(f"{directory} holds no files")
    return found, files


def _tree(directory: Path, prefix: str, files: dict[str, bytes]) -> str | None:
    entries: list[tuple[bytes, bytes, str]] = []
    for item in os.scandir(directory):
        if not prefix and item.name == ".git":
            continue
        path = f"{prefix}{item.name}"
        mode = item.stat(follow_symlinks=False).st_mode
        name = os.fsencode(item.name)
        if stat.S_ISLNK(mode):
            entries.append((name, b"120000", blob_id(os.fsencode(os.readlink(item.path)))))
        elif stat.S_ISDIR(mode):
            below = _tree(Path(item.path), f"{path}/", files)
            if below is not None:
                entries.append((name, b"40000", below))
        elif stat.S_ISREG(mode):
            content = Path(item.path).read_bytes()
            files[path] = content
            entries.append((name, b"100755" if mode & stat.S_IXUSR else b"100644", blob_id(content)))
        else:
            raise ValueError(f"{item.path} is neither file, directory nor link")
    if not entries:
        return None
    # Git sorts as if directories ended in a slash.
    entries.sort(key=lambda entry: entry[0] + (b"/" if entry[1] == b"40000" else b""))
    return _object_id(b"tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for name, mode, oid in entries))


def _object_id(kind: bytes, content: bytes) -> str:
    return hashlib.sha1(kind + b" " + str(len(content)).encode() + b"\0" + content, usedforsecurity=False).hexdigest()
