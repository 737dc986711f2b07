"""Trusted work whose time says whether the host was steady. It accepts or refuses a run and never scales a figure.

Products and copies are timed apart: a power cap or heat moves the one, a busy memory the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from judge.clock.stopwatch import taken_ns
from judge.faults import Refused

# How much slower each part may have become within a verdict. The product runs at the board's limit of power: heat alone
# makes it up to 3 % slower on an H200, and a copy 1.3 %; kernels' figures agreed within 0.4 % meanwhile.
MAX_DRIFT = {"matmul": 0.05, "copy": 0.02}
FASTER = 0.05
STEADY = 0.03


@dataclass(frozen=True)
class Size:
    """One measurement is `repeats` samples of so many products and copies; `warm_ms` of both come first."""

    matmul: int
    copy_bytes: int
    products: int
    copies: int
    repeats: int
    warm_ms: int
    dtype: torch.dtype


FULL = {
    "cpu": Size(384, 8_000_000, 1, 1, 5, 0, torch.float32),
    "cuda": Size(8192, 2**30, 4, 8, 9, 300, torch.bfloat16),
}
# Longer than a slice of the time that another process would be given, so that its work shows.
SHORT = Size(4096, 96 * 2**20, 16, 32, 15, 100, torch.bfloat16)
# A steady GPU passes at the first attempt, in 5 ms; the others let a clock that fell meanwhile come up again.
ATTEMPTS = 40
# Launches that CUDA takes in without waiting for the first.
QUEUE = 1000


def _products(device: torch.device, size: Size) -> Callable[[], None]:
    a = torch.randn(size.matmul, size.matmul, dtype=size.dtype, device=device)
    product = torch.empty_like(a)
    return lambda: torch.mm(a, a, out=product)


def _copies(device: torch.device, size: Size) -> Callable[[], None]:
    source = torch.ones(size.copy_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return lambda: target.copy_(source)


def _sampler(device: torch.device, size: Size) -> Callable[[], dict[str, int]]:
    """Makes the buffers once and warms up; every call of what it returns times a few products and a few copies."""
    products, copies = _products(device, size), _copies(device, size)

    def sample() -> dict[str, int]:
        return {
            "matmul": taken_ns(device, products, size.products),
            "copy": taken_ns(device, copies, size.copies),
        }

    ends = time.monotonic_ns() + size.warm_ms * 1_000_000
    sample()
    while time.monotonic_ns() < ends:
        sample()
    return sample


def measure(device: torch.device | str = "cpu") -> dict[str, int]:
    """{matmul, copy}: median ns of one product and one copy, in the judge's own context, while no worker computes.

    On a GPU it takes about half a second and 2.4 GiB, left to torch's allocator; on the CPU it is for the record only.
    """
    device = torch.device(device)
    size = FULL[device.type]
    sample = _sampler(device, size)
    samples = [sample() for _ in range(size.repeats)]
    return {name: sorted(s[name] for s in samples)[size.repeats // 2] for name in samples[0]}


def record(before: dict[str, int], after: dict[str, int]) -> list[dict]:
    """As `conditions.yardstick` of the result has it."""
    return [{"name": name, "beforeNs": before[name], "afterNs": after.get(name, before[name])} for name in before]


def drift(before: dict[str, int], after: dict[str, int]) -> str | None:
    """Why a run between the two measurements says nothing (`infra`); None when the GPU stayed as it was.

    A GPU that became slower slowed the last rounds. One that became faster slowed the first.
    """
    if all(1 - FASTER <= after[name] / before[name] <= 1 + MAX_DRIFT[name] for name in before):
        return None
    return f"the GPU's own speed changed during the run: {before} ns, then {after} ns"


def bytes_per_s(measured: dict[str, int], device: torch.device | str = "cuda") -> float:
    """Memory bandwidth: a copy reads and writes each of its bytes."""
    return 2 * FULL[torch.device(device).type].copy_bytes * 1e9 / measured["copy"]


class ShortYardstick:
    """A moment's work before a round: is the GPU as free as when nothing else ran? Make it before a worker touches it.

    Its buffers (0.3 GB) are taken once. For GPUs: times of a CPU spread by more than this could tell. `sample` replaces
    the work, for tests.
    """

    def __init__(self, device: torch.device | str, sample: Callable[[], dict[str, int]] | None = None):
        self._sample = sample or _sampler(torch.device(device), SHORT)
        taken = [self._sample() for _ in range(SHORT.repeats)]
        self.idle = {name: min(s[name] for s in taken) for name in taken[0]}

    def steady(self) -> bool:
        """Whether product and copy both come within 3 % of their idle time, at one of a few attempts."""
        return self.excess() <= STEADY

    def excess(self) -> float:
        """By what part the slower of the two is over its idle time, at the best of a few attempts."""
        best = float("inf")
        for _ in range(ATTEMPTS):
            found = self._sample()
            best = min(best, max(found[name] / self.idle[name] - 1 for name in self.idle))
            if best <= STEADY:
                break
        return best


@contextmanager
def load(device: torch.device | str, seconds: float = 0.5) -> Iterator[None]:
    """The GPU is busy with products for about so long while the block runs; afterwards it is waited for."""
    device = torch.device(device)
    if device.type != "cuda":
        raise Refused("clocks are locked and verified on a GPU only")
    product = _products(device, FULL["cuda"])
    each_ns = min(taken_ns(device, product, 4) for _ in range(8))
    try:
        for _ in range(min(QUEUE, int(seconds * 1e9 / each_ns))):
            product()
        yield
    finally:
        torch.cuda.synchronize(device)
