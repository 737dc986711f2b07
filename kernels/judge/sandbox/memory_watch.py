"""A memory limit for a whole box on hosts where no memory cgroup can be made: looks every few milliseconds and kills.

It counts what is mapped. Memory that a process can hold without mapping it (memfd, System V segments) is refused by
the seccomp filter, and the box's file systems have sizes of their own.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

INTERVAL_S = 0.02


def resident_bytes(pid: int) -> int:
    """Anonymous and shared memory of a process; 0 when it has ended. Shared memory counts in each that maps it."""
    try:
        text = Path(f"/proc/{pid}/status").read_bytes().decode("latin-1")
    except OSError:
        return 0
    lines = dict(line.split(":", 1) for line in text.split("\n") if line.startswith(("RssAnon:", "RssShmem:")))
    return sum(int(value.split()[0]) for value in lines.values()) * 1024


class MemoryWatch:
    """Ends the box (its first process, and so all of them) once it holds more than `limit_bytes`."""

    def __init__(
        self,
        family: Callable[[], list[int]],
        limit_bytes: int,
        size: Callable[[int], int] = resident_bytes,
        kill: Callable[[int, int], None] = os.kill,
    ):
        self.exceeded = False
        self._family, self._limit, self._size, self._kill = family, limit_bytes, size, kill
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def look(self) -> bool:
        """One look: whether the box was too large, and has been ended."""
        pids = self._family()
        if pids and sum(self._size(pid) for pid in pids) > self._limit:
            self.exceeded = True
            with suppress(ProcessLookupError):  # it has just ended by itself
                self._kill(pids[0], signal.SIGKILL)
        return self.exceeded

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S) and not self.look():
            pass
