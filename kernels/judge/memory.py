"""How much memory a worker uses, seen from outside."""

from __future__ import annotations

import errno
import re
from typing import Protocol

import torch

from judge.faults import Fault
from judge.sandbox.launch import Process

# As PyTorch's allocator on the CPU, CUDA, Triton, cuBLAS and our own slots say it.
RAN_OUT = re.compile("allocate memory|out of memory|ALLOC_FAILED|CUDA driver error 2$", re.IGNORECASE)


def ran_out(error: Exception) -> bool:
    """Whether memory ran out: not all that can lack it have a class of errors of their own for it."""
    return (
        isinstance(error, MemoryError)
        or getattr(error, "errno", None) == errno.ENOMEM
        or bool(RAN_OUT.search(str(error)))
    )


class Memory(Protocol):
    def look(self) -> None:
        """Takes note of what is in use. Raises Fault `resource_limit` when it is more than the task allows."""

    def peak_bytes(self) -> int: ...


class HostMemory:
    """Of a worker on the CPU: its limits are the kernel's business, only the peak is read."""

    def __init__(self, process: Process):
        self._process = process

    def look(self) -> None:
        """Nothing to see between calls: the kernel itself ends a worker that takes too much."""

    def peak_bytes(self) -> int:
        return self._process.peak_bytes()


class GpuMemory:
    """What has gone from the GPU since the worker stood ready, less what the judge itself took meanwhile.

    PyTorch keeps what it has once taken, so a look after each call sees the call's peak; a kernel that gives memory
    back before it replies shows less, and gains nothing by it.
    """

    def __init__(self, limit_bytes: int):
        self._limit = limit_bytes
        self._free, self._own = _free(), torch.cuda.memory_reserved()
        self._peak = 0

    def look(self) -> None:
        used = self._free - _free() - (torch.cuda.memory_reserved() - self._own)
        self._peak = max(self._peak, used)
        if used > self._limit:
            raise Fault(
                "resource_limit",
                f"the kernel holds {used} bytes of GPU memory, more than the {self._limit} allowed: make its "
                "workspaces smaller, or choose a shorter target length",
            )

    def peak_bytes(self) -> int:
        return self._peak


def _free() -> int:
    return torch.cuda.mem_get_info()[0]
