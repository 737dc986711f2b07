"""`bench --profile DIR`: a table of the kernels that a call of one's own op spends its time in.

The process that is profiled runs the kernel, so its table is for its author: it is copied to files, never read.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from judge.bench import solo
from judge.device import Device
from judge.sandbox.launch import Process
from judge.table import printable
from judge.task import Task

LENGTHS = {"cuda": 4096, "cpu": 512}
FILES = ("kernels.txt", "kernels.csv")
MOST = 4 * 1024 * 1024
SHOWN = 25


def profile(
    task: Task, upstream: Path, files: dict[str, bytes], device: Device, length: int | None, out: Path, boxed: bool
) -> int:
    """Writes the files below `out` -> exit code: 0, or 1 when the kernel did not run to its end."""
    config = {"length": length or LENGTHS[device.kind], "most": MOST}
    memory = [_memory() for _ in FILES]
    try:
        with solo.place(task, upstream, files) as place:
            box, config = solo.box(task, place, device, config, boxed)
            process = Process(box, solo.script(place, "profiled.py", boxed), config, memory, boxed)
            try:
                code = process.process.wait(task.limits["importSeconds"] + task.limits["prepareSeconds"])
            except subprocess.TimeoutExpired:
                code = -1
                print("quasar-judge: the profiled calls took too long", file=sys.stderr)
            finally:
                process.close()
        if code != 0:
            for line in process.log_text().strip().splitlines()[-20:]:
                print(f"  | {printable(line)}", file=sys.stderr)
            hint = ", or run it with --no-sandbox" if boxed else ""
            print(f"quasar-judge: there is no profile: see the kernel's own output above{hint}", file=sys.stderr)
            return 1
        contents = [_content(fd) for fd in memory]
    finally:
        for fd in memory:
            os.close(fd)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in zip(FILES, contents, strict=True):
        (out / name).write_bytes(content)
    lines = contents[0].decode("utf-8", "replace").splitlines()
    print("\n".join(printable(line) for line in lines[:SHOWN]))
    print(f"\nwritten: {', '.join(str(out / name) for name in FILES)}")
    return 0


def _memory() -> int:
    """A memory file that cannot grow, so that what is written into it stays small."""
    fd = os.memfd_create("profile", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, MOST)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    return fd


def _content(fd: int) -> bytes:
    return os.pread(fd, MOST, 0).rstrip(b"\0")
