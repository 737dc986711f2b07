"""What the judge's own copies cost: the part of every call's time that no kernel can change."""

from __future__ import annotations

import time

import numpy as np
import torch

from judge.op_calls import OpShape
from judge.slots import new_slots

REPEATS = 25
DROPPED = 2


def own_time_ns(device: torch.device, length: int) -> int:
    """Median ns of the copy in and the copy out of one op call of `length` tokens, with no worker."""
    slots = new_slots(device, [OpShape(length).slot()], bytes(32))
    try:
        slot = slots[0]
        fields = slot.layout.shape.inputs
        masters = [torch.zeros(f.shape, dtype=torch.bfloat16, device=device) for f in fields]
        drawn = np.random.Generator(np.random.Philox(key=length))
        times = []
        for turn in range(REPEATS + DROPPED):
            fill = slot.filler(masters, turn, drawn.permutation(len(slot.layout.input_blocks)))
            take = slot.taker(drawn.permutation(len(slot.layout.output_blocks)))
            slot.poison()
            began = time.monotonic_ns()
            fill()
            take()
            times.append(time.monotonic_ns() - began)
        return sorted(times[DROPPED:])[REPEATS // 2]
    finally:
        slots.close()
