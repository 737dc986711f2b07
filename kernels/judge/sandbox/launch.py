"""Starting a worker, looking at it from outside, and ending it with everything that it started."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from judge.faults import Fault, Refused
from judge.sandbox import cgroup, outside, sandbox, seccomp
from judge.sandbox.drain import Drain
from judge.sandbox.why_not_built import why_not_built

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
            # The box has no directory that a path with `..` would go through.
            inner = [os.path.abspath(sys.executable), *PYTHON, script]
            if boxed:
                self.group = cgroup.create(
                    f"quasar-{os.getpid()}-{log_r}-{time.monotonic_ns()}", _pids(box), box.memory_bytes
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
        self._log = Drain(log_r, box.limits["logBytes"])
        self.root_pid = self._first_pid(info_r) if boxed else self.process.pid
        if boxed and box.gpu is not None:
            self.group.watch(self.family, box.memory_bytes)

    def _first_pid(self, info_fd: int) -> int:
        """The host pid of the new pid namespace's first process, as bubblewrap reports it before it runs anything."""
        text = b""
        deadline = time.monotonic() + START_SECONDS
        try:
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
            pid = int(json.loads(text)["child-pid"])
            # A pid can be given to another process as soon as this one has ended; a descriptor of it cannot.
            self._root = os.pidfd_open(pid)
        except (ValueError, KeyError, ProcessLookupError) as error:
            self.close()
            raise Refused(why_not_built(self.log_text())) from error
        except BaseException:
            # Nobody else knows this process yet.
            self.close()
            raise
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
        states = [state for pid in self.family() if (state := outside.state(pid)) is not None]
        if all(state["pid"] == self.root_pid for state in states):
            raise Fault("early_exit", "the worker ended before it could be looked at")
        groups = {"cgroup_pids": self.group.pids, "cgroup_memory": self.group.memory}
        return outside.protections(states, self.root_pid) | {name for name, holds in groups.items() if holds}

    def peak_bytes(self) -> int:
        """Largest resident size that a process of the box has had, as the host's kernel counts it."""
        return max((s["VmHWM"] * 1024 for pid in self.family() if (s := outside.state(pid))), default=0)

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


def _pids(box: sandbox.Box) -> int:
    # Threads count too, and bubblewrap's own processes.
    return (box.processes or box.limits["processes"]) + 8


def _memory(content: bytes) -> int:
    fd = os.memfd_create("judge", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd
