"""What a worker needs beside its slots: the judged tree and its own code on disk, and what its environment says."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from judge import tree
from judge.sandbox import sandbox
from judge.task import KERNELS_DIR, Task

WORKER_DIR = KERNELS_DIR / "worker"


def lay_out(judged: dict[str, bytes], place: Path) -> None:
    """Writes `tree/` and `worker/` below an empty directory, readable by everybody."""
    tree.write(judged, place / "tree")
    tree.write({f"worker/{f.name}": f.read_bytes() for f in WORKER_DIR.glob("*.py")}, place)


def binds(place: Path) -> dict[str, str]:
    """Where a box shows what lies there."""
    return {sandbox.TREE: str(place / "tree"), sandbox.WORKER: str(place / "worker")}


def interpreted(kind: str, contents: Iterable[bytes]) -> bool:
    """Whether these files hold kernels that a CPU can only interpret."""
    return kind == "cpu" and any(b"@triton" in content for content in contents)


def task_env(task: Task, interpreter: bool) -> dict[str, str]:
    return {**task.data["worker"]["env"], **({"TRITON_INTERPRET": "1"} if interpreter else {})}


def unboxed_env(task_env: dict[str, str], kind: str, scratch: Path) -> dict[str, str]:
    """All that the environment of a worker with one's own rights holds: on a GPU, one's own on top of a box's."""
    own = dict(os.environ) if kind == "cuda" else {}
    places = {"HOME": str(scratch), "TMPDIR": str(scratch), "TRITON_CACHE_DIR": str(scratch / "triton")}
    return {**sandbox.worker_env(task_env), **own, **places}
