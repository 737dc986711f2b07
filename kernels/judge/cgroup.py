"""A cgroup of its own for each worker, version 1 or 2, where the host lets us make one."""

from __future__ import annotations

import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


class Cgroup:
    """`pids` and `memory` say which limits were really set. `procs` are the files that a joining process writes to."""

    def __init__(self) -> None:
        self.directories: list[Path] = []
        self.pids = self.memory = False

    @property
    def procs(self) -> list[str]:
        return [str(directory / "cgroup.procs") for directory in self.directories]

    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in here for memory."""
        for directory in self.directories:
            for name in ("memory.events", "memory.oom_control"):
                for line in _lines(directory / name):
                    if line.startswith("oom_kill ") and line.split()[1] != "0":
                        return True
        return False

    def remove(self, now=time.monotonic, grace_s: float = 2.0) -> None:
        """Kills what is left inside and removes the directories; they can outlive the last process by a moment."""
        for directory in self.directories:
            _write(directory / "cgroup.kill", "1")
            deadline = now() + grace_s
            while directory.exists():
                for pid in _lines(directory / "cgroup.procs"):
                    try:
                        os.kill(int(pid), 9)
                    except OSError:
                        continue
                try:
                    directory.rmdir()
                except OSError:
                    if now() > deadline:
                        break
                    os.sched_yield()
        self.directories = []


def create(name: str, processes: int, memory_bytes: int, root: Path = ROOT) -> Cgroup:
    """Makes what can be made; an empty group where the host allows none."""
    group = Cgroup()
    own = dict(_own_groups())
    if (root / "cgroup.controllers").is_file():
        directory = root / own.get("", "/").lstrip("/") / name
        if _make(directory):
            group.pids = _write(directory / "pids.max", str(processes))
            group.memory = _write(directory / "memory.max", str(memory_bytes))
            _write(directory / "memory.swap.max", "0")
            group.directories.append(directory)
        return group
    for controller, limit, value in (
        ("pids", "pids.max", processes),
        ("memory", "memory.limit_in_bytes", memory_bytes),
    ):
        directory = root / controller / own.get(controller, "/").lstrip("/") / name
        if not _make(directory):
            continue
        if _write(directory / limit, str(value)):
            group.directories.append(directory)
            setattr(group, controller, True)
        else:
            directory.rmdir()
    return group


def _own_groups():
    for line in _lines(Path("/proc/self/cgroup")):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _make(directory: Path) -> bool:
    try:
        directory.mkdir()
    except OSError:
        return False
    if os.access(directory / "cgroup.procs", os.W_OK):
        return True
    directory.rmdir()
    return False


def _write(file: Path, text: str) -> bool:
    try:
        file.write_text(text)
    except OSError:
        return False
    return True


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
