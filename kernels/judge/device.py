"""The kind of device that a kernel is judged on: where the judge computes, what it reads, and when it is steady."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import Protocol

import torch

from judge.clock import yardstick
from judge.faults import Refused
from judge.gpu import clocks, idle, nvml
from judge.memory import GpuMemory, HostMemory, Memory
from judge.result import cpu_device
from judge.sandbox import gpu_files
from judge.sandbox.gpu_files import GpuFiles
from judge.sandbox.launch import Process

IDLE_SECONDS = 20.0
REST_SECONDS = 3.0


class Unsteady(Exception):
    """The yardstick is slower than it was when nothing else ran."""


class Device(Protocol):
    """`alone`: nothing else may use the device; only then does a figure rank."""

    kind: str
    torch: torch.device
    alone: bool

    @property
    def files(self) -> GpuFiles | None:
        """What a boxed worker is shown of a GPU. Raises Refused where something of it is missing."""

    def describe(self) -> dict:
        """The result's `device`."""

    def wait_until_idle(self, ours: Collection[int] = ()) -> None:
        """Raises Refused when a process other than this one and `ours` keeps the device."""

    def yardstick(self) -> dict[str, int]:
        """ns of trusted work by name."""

    def settle(self) -> None:
        """Before a timed call: a look for `samples`, if a second has passed since the last one.

        Raises Unsteady when the device is slower than when nothing else ran.
        """

    def held_clocks(self, required: bool) -> AbstractContextManager[bool]:
        """Clocks locked while the block runs, if this host's own configuration says so -> whether they are."""

    def samples(self) -> list[dict]:
        """Clocks, power and temperature at the looks so far, for the result."""

    def check_conditions(self, before: dict[str, int], after: dict[str, int]) -> None:
        """Raises Refused when the yardstick drifted or the device was throttled: such a run says nothing."""

    def memory(self, limits: dict, process: Process) -> Memory:
        """Watches a worker that stands ready."""


def open_device(kind: str, alone: bool = True) -> Device:
    return CudaDevice(alone) if kind == "cuda" else CpuDevice()


class CpuDevice:
    kind = "cpu"
    torch = torch.device("cpu")
    alone = True
    files = None

    def describe(self) -> dict:
        return cpu_device()

    def wait_until_idle(self, ours: Collection[int] = ()) -> None:
        """A host's CPU is never idle."""

    def yardstick(self) -> dict[str, int]:
        return yardstick.measure(self.torch)

    def settle(self) -> None:
        """CPU figures rank in the demo only: nothing is refused."""

    def held_clocks(self, required: bool) -> AbstractContextManager[bool]:
        if required:
            raise Refused("this task ranks on locked clocks only, and those of a CPU cannot be locked")
        return nullcontext(False)

    def samples(self) -> list[dict]:
        return []

    def check_conditions(self, before: dict[str, int], after: dict[str, int]) -> None:
        """For the record only: times of a CPU spread too far."""

    def memory(self, limits: dict, process: Process) -> Memory:
        return HostMemory(process)


class CudaDevice:
    kind = "cuda"
    torch = torch.device("cuda")

    def __init__(self, alone: bool):
        if not torch.cuda.is_available():
            raise Refused("PyTorch sees no CUDA device here: check `nvidia-smi`, or choose --device cpu")
        self.alone = alone
        self._uuid = str(torch.cuda.get_device_properties(0).uuid)
        self.gpu = nvml.open_gpu(self._uuid)
        self._locked_mhz = clocks.asked(os.environ)
        self._watch = clocks.Watch(self.gpu, self._locked_mhz)
        self._short: yardstick.ShortYardstick | None = None
        # The reference needs whole fp32 products.
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False

    @cached_property
    def files(self) -> GpuFiles:
        return gpu_files.find(self._uuid)

    def describe(self) -> dict:
        return {"kind": self.kind, **self.gpu.identity()}

    def wait_until_idle(self, ours: Collection[int] = ()) -> None:
        if self.alone:
            idle.wait_until_idle(self.gpu, IDLE_SECONDS, {os.getpid(), *ours})

    def yardstick(self) -> dict[str, int]:
        found = yardstick.measure(self.torch)
        self._short = self._short or yardstick.ShortYardstick(self.torch)
        return found

    def settle(self) -> None:
        self._watch.sample(time.monotonic_ns())
        if self.alone and self._short is not None and not self._short.steady():
            raise Unsteady

    @contextmanager
    def held_clocks(self, required: bool) -> Iterator[bool]:
        with clocks.held(self.gpu, self._locked_mhz, required, lambda: yardstick.load(self.torch)):
            yield self._locked_mhz is not None

    def samples(self) -> list[dict]:
        return self._watch.samples()

    def check_conditions(self, before: dict[str, int], after: dict[str, int]) -> None:
        if not self.alone:
            return
        if yardstick.drift(before, after):
            # Heat of the last rounds passes; a host that has become slow stays slow.
            time.sleep(REST_SECONDS)
            if why := yardstick.drift(before, yardstick.measure(self.torch)):
                raise Refused(why)
        if why := self._watch.too_many_marked():
            raise Refused(why)

    def memory(self, limits: dict, process: Process) -> Memory:
        return GpuMemory(limits.get("gpuBytes", torch.cuda.get_device_properties(0).total_memory))
