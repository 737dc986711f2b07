"""Waiting for the GPU to be free of other processes: of the last worker, or of anybody else's."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from judge.faults import Refused

POLL_S = 0.02


class Gpu(Protocol):
    """What is asked of NVML. Where it cannot see other pid namespaces (in a container) the list has gaps."""

    def processes(self) -> list[tuple[int, int]]:
        """-> (pid, bytes used) of each process that holds the GPU."""


def process_name(pid: int) -> str:
    """Its command name; a process can choose any bytes for it."""
    try:
        return repr(Path(f"/proc/{pid}/comm").read_bytes().decode("latin-1").strip()[:40])
    except OSError:
        return "not visible from here"


def wait_until_idle(
    gpu: Gpu,
    timeout_s: float,
    allowed_pids: Collection[int],
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    name: Callable[[int], str] = process_name,
) -> None:
    """Returns once no listed process but the allowed ones holds the GPU.

    Memory that no listed process accounts for is not looked at: contexts of waiting workers and the driver take an
    amount that nobody knows beforehand. Raises Refused, naming who holds the GPU, after `timeout_s`.
    """
    ends = now() + timeout_s
    while True:
        strangers = [(pid, used) for pid, used in gpu.processes() if pid not in allowed_pids]
        if not strangers:
            return
        if now() >= ends:
            break
        sleep(POLL_S)
    held = [f"process {pid} ({name(pid)}) with {used >> 20} MiB" for pid, used in strangers]
    raise Refused(f"the GPU is not free: held by {', '.join(held)}. End it, or give the judge a GPU of its own")
