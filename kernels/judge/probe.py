"""Tries from inside of the box what a hostile kernel would try, and says which protections were seen to hold."""

from __future__ import annotations

import json
import os
import select
import shutil
import time

from judge import outside, sandbox
from judge.faults import Refused
from judge.launch import Process
from judge.task import KERNELS_DIR, Task

# Few enough to be reached in a moment; the mechanism is the one of the worker's own limit.
PROCESSES = 64
SECONDS = 30.0


def attempt(task: Task) -> dict:
    """-> {findings: {name: bool}, protections: [name]}: a finding is True where the hostile attempt was stopped.

    Raises Refused when the box cannot be built.
    """
    sandbox.require_tools()
    place = sandbox.readable_scratch("probe")
    try:
        script = place / "hostile.py"
        script.write_bytes((KERNELS_DIR / "worker" / "hostile.py").read_bytes())
        script.chmod(0o644)
        box = sandbox.Box(task.limits, sandbox.worker_env({}), {sandbox.WORKER: str(place)}, PROCESSES)
        config = {"processes": PROCESSES, "memory": task.limits["addressSpaceBytes"], "scratch": sandbox.SCRATCH}
        process = Process(box, f"{sandbox.WORKER}/hostile.py", config, [])
        try:
            findings = _answer(process)
            protections = process.protections()
        finally:
            process.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if findings["fork_bomb"]:
        protections.add("pids_limit")
    if findings["memory"]:
        protections.add("memory_limit")
    return {"findings": findings, "protections": sorted(protections)}


def observed(task: Task) -> set[str]:
    """The protections that hold on this host. Raises Refused when an attempt that must be stopped was not."""
    seen = attempt(task)
    open_doors = sorted(name for name, stopped in seen["findings"].items() if not stopped)
    if open_doors:
        raise Refused(f"the sandbox let through: {', '.join(open_doors)}; run `python -m judge probe`")
    return set(seen["protections"])


def matrix(task: Task) -> tuple[str, bool]:
    """-> (table for people, whether everything required holds)."""
    seen = attempt(task)
    lines = [f"{'stopped' if stopped else 'OPEN':8s} {name}" for name, stopped in sorted(seen["findings"].items())]
    for name in (*outside.REQUIRED, *outside.OPTIONAL):
        need = "required" if name in outside.REQUIRED else "optional"
        lines.append(f"{'active' if name in seen['protections'] else 'missing':8s} {name} ({need})")
    good = all(seen["findings"].values()) and all(n in seen["protections"] for n in outside.REQUIRED)
    return "\n".join(lines), good


def _answer(process: Process) -> dict[str, bool]:
    """One JSON object from our own script; no submission runs in this box."""
    text = b""
    deadline = time.monotonic() + SECONDS
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([process.pipes.reply], [], [], max(0.0, deadline - time.monotonic()))
        part = b""
        if ready:
            part = os.read(process.pipes.reply, 65536)
        if not part:
            raise Refused(f"the sandbox probe did not answer: {process.log_text()[-1000:]!r}")
        text += part
    return {str(name): value is True for name, value in json.loads(text).items()}
