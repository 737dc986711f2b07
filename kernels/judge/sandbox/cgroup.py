"""A cgroup of its own for each worker, version 1 or 2, where the host lets us make one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from judge.sandbox.memory_watch import MemoryWatch

ROOT = Path("/sys/fs/cgroup")
REST = "quasar-rest"
PREFIX = "quasar-"


class Cgroup:
    """`pids` and `memory` say which limits were really set. `procs` are the files that a joining process writes to."""

    def __init__(self) -> None:
        self.directories: list[Path] = []
        self.pids = self.memory = False
        self._watch: MemoryWatch | None = None

    @property
    def procs(self) -> list[str]:
        return [str(directory / "cgroup.procs") for directory in self.directories]

    def watch(self, family: Callable[[], list[int]], limit_bytes: int) -> None:
        """Holds the processes of `family` to the limit from here, where the kernel does not; once is enough."""
        if not self.memory and self._watch is None:
            self._watch = MemoryWatch(family, limit_bytes)
            self._watch.start()

    def out_of_memory(self) -> bool:
        """Whether something in here was killed for memory."""
        if self._watch is not None and self._watch.exceeded:
            return True
        for directory in self.directories:
            for name in ("memory.events", "memory.oom_control"):
                for line in _lines(directory / name):
                    if line.startswith("oom_kill ") and line.split()[1] != "0":
                        return True
        return False

    def remove(self, now=time.monotonic, grace_s: float = 10.0) -> None:
        """Kills what is left inside and removes the directories; giving back gigabytes keeps a dead process for long.

        What is left even then is removed by the next judge's `create`.
        """
        if self._watch is not None:
            self._watch.stop()
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
                    time.sleep(0.001)
        self.directories = []


def create(name: str, processes: int, memory_bytes: int, root: Path = ROOT) -> Cgroup:
    """Makes what can be made; an empty group where the host allows none. `name` is PREFIX, our pid, and more."""
    own = dict(_own_groups())
    if (root / "cgroup.controllers").is_file():
        return _create_v2(name, processes, memory_bytes, root, root / own.get("", "/").lstrip("/"))
    group = Cgroup()
    for controller, limit, value in (
        ("pids", "pids.max", processes),
        ("memory", "memory.limit_in_bytes", memory_bytes),
    ):
        directory = root / controller / own.get(controller, "/").lstrip("/") / name
        if not _make(directory):
            continue
        if _write(directory / limit, str(value)):
            _write(directory / "memory.memsw.limit_in_bytes", str(value))
            group.directories.append(directory)
            setattr(group, controller, True)
        else:
            directory.rmdir()
    return group


def _create_v2(name: str, processes: int, memory_bytes: int, root: Path, own: Path) -> Cgroup:
    """In our own group or the nearest above it whose children can have limits. A group with processes in it cannot
    give limits to its children: if there is no other, ours first moves its processes one level down."""
    above = [parent for parent in own.parents if parent == root or root in parent.parents]
    group = Cgroup()
    for parent in (own, *above):
        _write(parent / "cgroup.subtree_control", "+memory +pids")
        if _limit_v2(group, parent / name, processes, memory_bytes):
            return group
    rest = own / REST
    if rest.is_dir() or _make(rest):
        for pid in _lines(own / "cgroup.procs"):
            _write(rest / "cgroup.procs", pid)
        _write(own / "cgroup.subtree_control", "+memory +pids")
        _limit_v2(group, own / name, processes, memory_bytes)
    return group


def _limit_v2(group: Cgroup, directory: Path, processes: int, memory_bytes: int) -> bool:
    """Makes the directory and sets both limits, or leaves nothing behind."""
    if not _make(directory):
        return False
    if _write(directory / "memory.max", str(memory_bytes)) and _write(directory / "pids.max", str(processes)):
        _write(directory / "memory.swap.max", "0")
        group.pids = group.memory = True
        group.directories.append(directory)
        return True
    directory.rmdir()
    return False


def _own_groups():
    for line in _lines(Path("/proc/self/cgroup")):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _make(directory: Path) -> bool:
    _sweep(directory.parent)
    try:
        directory.mkdir()
    except OSError:
        return False
    if os.access(directory / "cgroup.procs", os.W_OK):
        return True
    directory.rmdir()
    return False


def _sweep(parent: Path) -> None:
    """Removes the empty groups of judges that have ended without."""
    for old in parent.glob(f"{PREFIX}*"):
        pid = old.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            with suppress(OSError):
                old.rmdir()


def _write(file: Path, text: str) -> bool:
    """Whether the kernel took it; a file that is not there is never made."""
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.write(fd, text.encode())
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
