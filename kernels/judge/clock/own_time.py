"""What the judge's own copies cost: the part of every call's time that no kernel can change."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch

from judge import wire
from judge.op_calls import OpShape
from judge.slots.slots import Answer, Given, new_slots
from judge.task import Task

REPEATS = 25
DROPPED = 2


def on_board(task: Task, kind: str, board: str) -> Task:
    """The task itself where its `ownNs` are this board's, or there are none; else with none.

    Another board's copies may be faster: taking off too much would be a better figure than was clocked. Nothing taken
    off is the same for all on one board, and a flag of the record says it.
    """
    timing = task.data["timing"]
    if not timing[kind]["ownNs"] or task.boards.get(kind) == board:
        return task
    return replace(task, data={**task.data, "timing": {**timing, kind: {**timing[kind], "ownNs": {}}}})


def own_time_ns(device: torch.device, length: int) -> int:
    """Median ns of the copy in and the copy out of one op call of `length` tokens, with no worker."""
    slots = new_slots(device, [OpShape(length).slot()], bytes(32))
    try:
        slot = slots[0]
        masters = [torch.zeros(f.shape, dtype=torch.bfloat16, device=device) for f in slot.layout.shape.inputs]
        drawn = np.random.Generator(np.random.Philox(key=length))
        times = []
        for turn in range(REPEATS + DROPPED):
            given = Given(masters, turn, slot.layout.orders(drawn))
            times.append(slot.exchange(given, Nobody(), time.monotonic_ns).ns)
        return sorted(times[DROPPED:])[REPEATS // 2]
    finally:
        slots.close()


class Nobody:
    """Answers before it is asked."""

    def send(self) -> None:
        pass

    def answer(self, within_s: float | None = None) -> Answer:
        return Answer(wire.OK, 0)
