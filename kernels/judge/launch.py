"""Starting a worker, looking at it from outside, and ending it with everything that it started."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from judge import cgroup, sandbox, seccomp
from judge.faults import Fault, Refused

NAMESPACES = {"net": "net", "pid": "pid", "ipc": "ipc", "mnt": "mount", "uts": "uts", "user": "user"}
# Without any one of these a verdict does not rank.
REQUIRED = (
    "net_namespace",
    "pid_namespace",
    "ipc_namespace",
    "mount_namespace",
    "no_capabilities",
    "no_new_privs",
    "seccomp",
    "real_uid_not_0",
    "pids_limit",
    "memory_limit",
)
OPTIONAL = ("uts_namespace", "user_namespace", "cgroup_pids", "cgroup_memory")
# Compiled files come from the read-only environment only: the tree is a closed list of sources, mounted read-only. A
# cache prefix of its own would make every start compile all of torch (1.5 s).
PYTHON = ["-I", "-B"]
START_SECONDS = 10.0


@dataclass
class Pipes:
    """The judge's ends: commands out, replies in (non-blocking)."""

    command: int
    reply: int


class Process:
    """One boxed process. Its stdout and stderr are drained into at most `logBytes` bytes that nobody parses."""

    def __init__(self, box: sandbox.Box, script: str, config: dict, descriptors: list[int], boxed: bool = True):
        self.boxed = boxed
        self.group = cgroup.Cgroup()
        self.root_pid: int | None = None
        self._root: int | None = None
        command_r, command_w = os.pipe()
        reply_r, reply_w = os.pipe()
        log_r, log_w = os.pipe()
        config_fd = _memory(
            json.dumps({**config, "command": command_r, "reply": reply_w, "slots": descriptors}).encode()
        )
        closing = [command_r, reply_w, log_w, config_fd]
        try:
            inherited = [command_r, reply_w, *descriptors]
            inner = [sys.executable, *PYTHON, script]
            if boxed:
                limits = box.limits
                self.group = cgroup.create(
                    f"quasar-{os.getpid()}-{log_r}-{time.monotonic_ns()}", _pids(box), limits["addressSpaceBytes"]
                )
                info_r, info_w = os.pipe()
                filter_fd = _memory(seccomp.assemble())
                closing += [info_w, filter_fd]
                inherited += [info_w, filter_fd]
                inner = sandbox.command(box, filter_fd, info_w, inner, self.group.procs)
                env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
            else:
                env = box.env
            self.process = subprocess.Popen(
                inner,
                stdin=config_fd,
                stdout=log_w,
                stderr=log_w,
                pass_fds=inherited,
                env=env,
                cwd=None if boxed else config["scratch"],
                start_new_session=not boxed,
            )
        finally:
            for fd in closing:
                os.close(fd)
        os.set_blocking(reply_r, False)
        # A worker that does not read must not block the judge.
        os.set_blocking(command_w, False)
        self.pipes = Pipes(command_w, reply_r)
        self._log = _Log(log_r, box.limits["logBytes"])
        self.root_pid = self._first_pid(info_r) if boxed else self.process.pid

    def _first_pid(self, info_fd: int) -> int:
        """The host pid of the new pid namespace's first process, as bubblewrap reports it before it runs anything."""
        text = b""
        deadline = time.monotonic() + START_SECONDS
        try:
            while b"}" not in text:
                if not select.select([info_fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
                    break
                part = os.read(info_fd, 4096)
                if not part:
                    break
                text += part
        finally:
            os.close(info_fd)
        try:
            pid = int(json.loads(text)["child-pid"])
            # A pid can be given to another process as soon as this one has ended; a descriptor of it cannot.
            self._root = os.pidfd_open(pid)
        except (ValueError, KeyError, ProcessLookupError) as error:
            self.close()
            raise Refused(
                f"bubblewrap could not build the sandbox on this host: {self.log_text()[:500]!r}. Hosts that restrict "
                "user namespaces need kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap."
            ) from error
        return pid

    def family(self) -> list[int]:
        """Host pids of the box's first process and everything below it."""
        pids, todo = [], [self.root_pid] if self.root_pid else []
        while todo:
            pid = todo.pop()
            pids.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    todo += [int(p) for p in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
            except OSError:
                continue  # it has just ended
        return pids

    def protections(self) -> set[str]:
        """What can be seen from outside to hold for every process in the box; the limits are seen by the probe only."""
        if not self.boxed:
            return set()
        states = [state for pid in self.family() if (state := _state(pid)) is not None]
        workers = [s for s in states if s["pid"] != self.root_pid]
        if not workers:
            raise Fault("early_exit", "the worker ended before it could be looked at")
        own = _namespaces("self")
        seen = set()
        for name, label in NAMESPACES.items():
            # A worker can hide its own links from an unprivileged judge, but not those of bubblewrap's first process.
            shown = {state["ns"][name] for state in states if name in state["ns"]}
            if shown and own.get(name) not in shown:
                seen.add(f"{label}_namespace")
        checks = {
            "no_capabilities": all(
                s[cap] == 0 for s in workers for cap in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
            ),
            "no_new_privs": all(s["NoNewPrivs"] == 1 for s in workers),
            "seccomp": all(s["Seccomp"] == 2 for s in workers),
            "real_uid_not_0": all(0 not in s["Uid"] for s in states),
            "cgroup_pids": self.group.pids,
            "cgroup_memory": self.group.memory,
        }
        return seen | {name for name, holds in checks.items() if holds}

    def peak_bytes(self) -> int:
        """Largest resident size that a process of the box has had, as the host's kernel counts it."""
        return max((s["VmHWM"] * 1024 for pid in self.family() if (s := _state(pid))), default=0)

    def why_ended(self, fault: Fault) -> Fault:
        """The fault itself, or `resource_limit` when the kernel ended the worker for memory."""
        if fault.reason in ("early_exit", "protocol_error") and self.group.out_of_memory():
            return Fault("resource_limit", "the kernel used more memory than the task allows, and the host ended it")
        return fault

    def kill(self) -> None:
        """Ends the whole pid namespace; nothing that the worker started survives."""
        try:
            if self._root is not None:
                signal.pidfd_send_signal(self._root, signal.SIGKILL)
            elif not self.boxed and self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it has ended by itself
        self.process.kill()
        self.process.wait()
        self.group.remove()

    def close(self) -> None:
        self.kill()
        os.close(self.pipes.command)
        os.close(self.pipes.reply)
        if self._root is not None:
            os.close(self._root)
            self._root = None
        self._log.finish()

    def log_text(self) -> str:
        return self._log.text()


class _Log:
    """Drains a pipe for ever and keeps the first `cap` bytes, so that a flood costs only its author."""

    def __init__(self, fd: int, cap: int):
        self._fd, self._cap, self._kept = fd, cap, bytearray()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while part := os.read(self._fd, 1 << 16):
            if len(self._kept) < self._cap:
                self._kept += part[: self._cap - len(self._kept)]

    def finish(self) -> None:
        self._thread.join(timeout=2.0)
        if not self._thread.is_alive():
            os.close(self._fd)

    def text(self) -> str:
        self._thread.join(timeout=0.2)
        return bytes(self._kept).decode("utf-8", "replace")


def forbid_dumps() -> None:
    """Makes the judge non-dumpable: no other process of its uid can attach to it or read its memory."""
    import ctypes

    pr_set_dumpable = 4
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_dumpable, 0, 0, 0, 0)


def keep_freed_memory() -> None:
    """Lets glibc re-use large blocks: unmapping every reference tensor costs a third of its comparison."""
    import ctypes

    mmap_threshold, trim_threshold = -3, -1
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(mmap_threshold, 1 << 25)
        libc.mallopt(trim_threshold, 1 << 30)


def split_cpus() -> tuple[set[int], set[int]]:
    """(judge's, worker's) CPUs: disjoint where there are at least four, else all for both."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 4:
        return set(cpus), set(cpus)
    half = len(cpus) // 2
    return set(cpus[:half]), set(cpus[half:])


def with_processes(box: sandbox.Box, processes: int) -> sandbox.Box:
    return replace(box, processes=processes)


def _pids(box: sandbox.Box) -> int:
    # Threads count too, and bubblewrap's own processes.
    return (box.processes or box.limits["processes"]) + 8


def _memory(content: bytes) -> int:
    fd = os.memfd_create("judge", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd


def _state(pid: int) -> dict | None:
    """The lines of /proc/<pid>/status that matter here; None when the process has ended, reaped or not."""
    try:
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    except OSError:
        return None
    if lines["State"].split()[0] in "ZX":
        return None
    state: dict = {"pid": pid, "ns": _namespaces(pid), "Uid": [int(u) for u in lines["Uid"].split()]}
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        state[name] = int(lines[name], 16)
    for name in ("NoNewPrivs", "Seccomp"):
        state[name] = int(lines[name])
    state["VmHWM"] = int(lines.get("VmHWM", "0 kB").split()[0])
    return state


def _namespaces(pid: int | str) -> dict[str, str]:
    found = {}
    for name in NAMESPACES:
        try:
            found[name] = os.readlink(f"/proc/{pid}/ns/{name}")
        except OSError:
            continue  # not ours to read: counts as not seen
    return found
