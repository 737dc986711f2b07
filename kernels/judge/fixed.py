"""The fixed part of the layer: all but the op, timed by the judge in its own process before any worker lives."""

from __future__ import annotations

import time

import torch

from judge.keys import Keys
from judge.op_calls import OpShape
from judge.task import Task

HIDDEN = 512
REPEATS = 9


def fixed_part_ns(task: Task, length: int, keys: Keys, clock=time.monotonic_ns) -> int:
    """Median of nine runs after two that do not count."""
    reference = task.reference()
    shape = OpShape(length)
    generator = torch.Generator().manual_seed(keys.seed(f"fixed/{length}"))
    weights = reference.layer_weights(generator, HIDDEN, shape.heads, shape.head_dim)
    weights = {name: w.to(torch.bfloat16) for name, w in weights.items()}
    x = torch.randn(1, length, HIDDEN, generator=generator).to(torch.bfloat16)
    times = []
    for _ in range(REPEATS + 2):
        began = clock()
        reference.fixed_part(weights, x, shape.heads)
        times.append(clock() - began)
    return sorted(times[2:])[REPEATS // 2]
