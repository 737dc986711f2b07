"""The tree that is judged: package stubs, modules of the pinned upstream, and the miner's five files. Nothing else.

Every other op of upstream, `fla.ops.gla` and `fla.ops.kda` among them, is absent: no spelling can reach it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from judge.faults import Fault, Refused
from judge.githash import tree_id

MAX_FILE_BYTES = 256 * 1024
STUBS = {
    "fla/__init__.py": "",
    "fla/layers/__init__.py": "",
    "fla/modules/__init__.py": (
        "from fla.modules.convolution import ShortConvolution\n"
        "from fla.modules.fused_norm_gate import FusedRMSNormGated\n\n"
        '__all__ = ["FusedRMSNormGated", "ShortConvolution"]\n'
    ),
    "fla/ops/__init__.py": "",
    "fla/ops/utils/__init__.py": "from fla.ops.utils.index import *  # noqa: F403\n",
}
PINNED = (
    "fla/utils.py",
    "fla/ops/utils/index.py",
    "fla/ops/utils/op.py",
    "fla/modules/convolution.py",
    "fla/modules/fused_norm_gate.py",
    "fla/layers/utils.py",
    "fla/layers/quasar.py",
    "fla/ops/quasar/__init__.py",
)


def build(
    upstream: Path, expected_tree: str, target_files: Mapping[str, bytes], allowed: list[str]
) -> dict[str, bytes]:
    """-> content by path of the judged tree.

    Raises Refused when the upstream directory is not the pinned tree, Fault `import_error` when the submission's files
    are not exactly the task's.
    """
    try:
        found, files = tree_id(upstream)
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read the upstream directory {upstream}: {error}") from error
    if found != expected_tree:
        raise Refused(
            f"{upstream} is not the pinned upstream: its tree is {found}, the task pins {expected_tree}. "
            "Get it with `python -m judge upstream --url URL --commit COMMIT --tree TREE`."
        )
    missing = [path for path in PINNED if path not in files]
    if missing:
        raise Refused(f"the pinned upstream lacks {', '.join(missing)}: this judge cannot build its tree")
    if sorted(target_files) != sorted(allowed):
        raise Fault("import_error", f"the submission must be exactly these files: {', '.join(sorted(allowed))}")
    tree = {path: text.encode() for path, text in STUBS.items()} | {path: files[path] for path in PINNED}
    for path, content in target_files.items():
        if path in tree or not path.startswith("fla/ops/"):
            raise Refused(f"the task lists {path} as a target file, but it is pinned")
        if len(content) > MAX_FILE_BYTES:
            raise Fault("import_error", f"{path} has {len(content)} bytes, more than {MAX_FILE_BYTES}")
        tree[path] = content
    return tree


def write(tree: Mapping[str, bytes], directory: Path) -> None:
    """Writes the tree below an empty directory, readable by everybody."""
    for path, content in tree.items():
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            raise Refused(f"not a path inside of the tree: {path!r}")
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o644)
    for folder in [directory, *(p for p in directory.rglob("*") if p.is_dir())]:
        folder.chmod(0o755)


def content_digest(target_files: Mapping[str, bytes]) -> str:
    """sha256 over `path NUL sha256hex(content) LF` in byte order of path, as the App's content digest."""
    lines = [
        f"{path}\0{hashlib.sha256(target_files[path]).hexdigest()}\n".encode()
        for path in sorted(target_files, key=str.encode)
    ]
    return hashlib.sha256(b"".join(lines)).hexdigest()
