"""Tries from inside of the box what a hostile kernel would try, and says which protections were seen to hold."""

from __future__ import annotations

import json
import os
import select
import sysconfig
import time

from judge.faults import Refused
from judge.sandbox import identity, outside, sandbox
from judge.sandbox.gpu_files import GpuFiles
from judge.sandbox.launch import Process
from judge.sandbox.scratch import Scratch
from judge.sandbox.why_not_built import why_not_built
from judge.task import KERNELS_DIR, Task

# Few enough to be reached in a moment; the mechanisms are those of the worker's own limits.
PROCESSES = 64
MEMORY_BYTES = 1 << 29
SECONDS = 30.0
# What bubblewrap puts into a /dev of its own.
DEVICES = {"null", "zero", "full", "random", "urandom", "tty", "fd", "stdin", "stdout", "stderr", "shm", "pts", "ptmx"}
DEVICES |= {"core"}


def attempt(task: Task, gpu: GpuFiles | None = None) -> dict:
    """-> {findings: {name: bool}, use: {name: bool}, protections: [name], log: str}.

    A finding is True where the hostile attempt was stopped, a use where what an honest kernel needs works. `gpu` is
    what the worker will see of its GPU. Raises Refused when the box cannot be built.
    """
    sandbox.require_tools()
    with Scratch.during("probe") as place:
        code = place / "worker"
        code.mkdir(mode=0o755)
        script = code / "hostile.py"
        script.write_bytes((KERNELS_DIR / "worker" / "hostile.py").read_bytes())
        script.chmod(0o644)
        masks = sandbox.masks(place)
        limits = task.limits if gpu is None else {**task.limits, "memoryBytes": MEMORY_BYTES}
        env = sandbox.worker_env({}, gpu)
        box = sandbox.Box(limits, env, {sandbox.WORKER: str(code)}, PROCESSES, masks, gpu)
        process = Process(box, f"{sandbox.WORKER}/hostile.py", _config(box, masks), [])
        try:
            said = json.loads(_line(process))
            protections = process.protections()
            limited = said["findings"]["memory"] if gpu is None else _held_to_its_memory(process, box)
        finally:
            process.close()
        # Of a process that lives it would be waited for a while whether more comes.
        log = process.log_text()
    findings = {str(name): value is True for name, value in said["findings"].items()} | {"memory": limited}
    holds = {
        "pids_limit": findings["fork_bomb"],
        "memory_limit": limited,
        "masked_identity": said["masked"] is True and set(masks) == identity.wanted(),
        "gpu_devices_only": gpu is not None and findings["device_files"] and findings["other_gpus"],
    }
    protections |= {name for name, seen in holds.items() if seen}
    return {"findings": findings, "use": said["use"], "protections": sorted(protections), "log": log}


def observed(task: Task, gpu: GpuFiles | None = None) -> set[str]:
    """The protections that hold on this host.

    Raises Refused when an attempt that must be stopped was not, or an honest kernel could not work in the box.
    """
    seen = attempt(task, gpu)
    open_doors = sorted(name for name, stopped in seen["findings"].items() if not stopped)
    if open_doors:
        raise Refused(f"the sandbox let through: {', '.join(open_doors)}; run `python -m judge probe`")
    failing = sorted(name for name, works in seen["use"].items() if not works)
    if failing:
        raise Refused(f"a kernel could not work in the sandbox: {', '.join(failing)}: {seen['log'][-500:]}")
    return set(seen["protections"])


def matrix(task: Task, gpu: GpuFiles | None = None) -> tuple[str, bool]:
    """-> (table for people, whether everything required holds)."""
    seen = attempt(task, gpu)
    lines = [f"{'stopped' if stopped else 'OPEN':8s} {name}" for name, stopped in sorted(seen["findings"].items())]
    lines += [f"{'works' if works else 'FAILS':8s} {name}" for name, works in sorted(seen["use"].items())]
    for name in (*outside.REQUIRED, *outside.OPTIONAL, *(outside.GPU_OPTIONAL if gpu else ())):
        need = "required" if name in outside.REQUIRED else "optional"
        lines.append(f"{'active' if name in seen['protections'] else 'missing':8s} {name} ({need})")
    usable = all(seen["use"].values())
    if not usable:
        lines += ["", seen["log"][-2000:]]
    return "\n".join(lines), usable and all(seen["findings"].values()) and set(outside.REQUIRED) <= {
        *seen["protections"]
    }


def _config(box: sandbox.Box, masks: dict[str, str]) -> dict:
    devices = () if box.gpu is None else box.gpu.devices
    return {
        "processes": PROCESSES,
        "memory": box.limits["addressSpaceBytes"],
        "boxMemory": 0 if box.gpu is None else box.memory_bytes,
        "scratch": sandbox.SCRATCH,
        "gpu": box.gpu is not None,
        "devices": sorted(DEVICES | {os.path.basename(path) for path in devices}),
        "hidden": [] if box.gpu is None else box.gpu.hidden,
        "environment": sorted(box.env),
        "headers": sysconfig.get_paths()["include"],
        "masked": identity.digests(masks),
    }


def _held_to_its_memory(process: Process, box: sandbox.Box) -> bool:
    """Whether the box, asked to take twice its memory, was stopped by the host's kernel or by our own watch."""
    process.group.watch(process.family, box.memory_bytes)
    os.write(process.pipes.command, b"x")
    said = _read(process, time.monotonic() + SECONDS)
    return said != b"held" and process.group.out_of_memory()


def _line(process: Process) -> bytes:
    """One JSON object from our own script; no submission runs in this box."""
    text = b""
    deadline = time.monotonic() + SECONDS
    while not text.endswith(b"\n"):
        part = _read(process, deadline)
        if not part:
            log = process.log_text()
            if log.startswith("bwrap: "):
                raise Refused(why_not_built(log))
            raise Refused(f"the sandbox probe did not answer: {log[-1000:]!r}")
        text += part
    return text


def _read(process: Process, deadline: float) -> bytes:
    """What the script wrote; nothing where it ended or the time is up."""
    ready, _, _ = select.select([process.pipes.reply], [], [], max(0.0, deadline - time.monotonic()))
    return os.read(process.pipes.reply, 65536) if ready else b""
