"""The box and the files of a process that runs a submission's op without the protocol, for its author or a reviewer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from judge import tree
from judge.device import Device
from judge.sandbox import sandbox, worker_files
from judge.sandbox.scratch import Scratch
from judge.task import Task


@contextmanager
def place(task: Task, upstream: Path, files: dict[str, bytes]) -> Iterator[Path]:
    """A directory with `tree/` and `worker/` that the worker's uid can read, gone with the block."""
    judged = tree.build(upstream, task.upstream["tree"], files, task.data["targetFiles"])
    with Scratch.during("alone") as directory:
        worker_files.lay_out(judged, directory)
        yield directory


def script(directory: Path, name: str, boxed: bool) -> str:
    return f"{sandbox.WORKER}/{name}" if boxed else str(directory / "worker" / name)


def box(task: Task, directory: Path, device: Device, config: dict, boxed: bool) -> tuple[sandbox.Box, dict]:
    """-> (the box, `config` with what every script of worker/alone.py needs)."""
    interpreter = worker_files.interpreted(device.kind, (f.read_bytes() for f in (directory / "tree").rglob("*.py")))
    config = {**config, "device": device.kind, "entry": task.data["entry"], "interpreter": interpreter}
    task_env = worker_files.task_env(task, interpreter)
    if boxed:
        env = sandbox.worker_env(task_env, device.files)
        masks = sandbox.masks(directory)
        box = sandbox.Box(task.limits, env, worker_files.binds(directory), masks=masks, gpu=device.files)
        return box, {**config, "tree": sandbox.TREE}
    scratch = directory / "scratch"
    scratch.mkdir()
    env = worker_files.unboxed_env(task_env, device.kind, scratch)
    return sandbox.Box(task.limits, env), {**config, "tree": str(directory / "tree"), "scratch": str(scratch)}
