"""How long trusted work takes in this process."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def taken_ns(
    device: torch.device, work: Callable[[], object], times: int = 1, clock: Callable[[], int] = time.monotonic_ns
) -> int:
    """Mean ns of one piece of work, on the device's own clock where it has one."""
    if device.type == "cpu":
        began = clock()
        for _ in range(times):
            work()
        return (clock() - began) // times
    began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    began.record()
    for _ in range(times):
        work()
    ended.record()
    ended.synchronize()
    return round(began.elapsed_time(ended) * 1e6 / times)
