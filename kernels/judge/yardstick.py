"""Trusted work whose time says whether the host was steady. It accepts or refuses a run and never scales a figure."""

from __future__ import annotations

import time

import torch

SIZE = 384
COPY_ELEMENTS = 2_000_000
REPEATS = 5


def measure(clock=time.monotonic_ns) -> dict[str, int]:
    """Median ns of a product and of a copy, in the judge's process; on the CPU for the record only."""
    a = torch.ones(SIZE, SIZE)
    source, target = torch.ones(COPY_ELEMENTS), torch.empty(COPY_ELEMENTS)
    return {"matmul": _median(lambda: a @ a, clock), "copy": _median(lambda: target.copy_(source), clock)}


def record(before: dict[str, int], after: dict[str, int]) -> list[dict]:
    return [{"name": name, "beforeNs": before[name], "afterNs": after.get(name, before[name])} for name in before]


def _median(work, clock) -> int:
    times = []
    for _ in range(REPEATS + 1):
        began = clock()
        work()
        times.append(clock() - began)
    return sorted(times[1:])[REPEATS // 2]
