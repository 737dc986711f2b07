"""The judge's own two references against each other: what decides timed rounds must not rest on one formula alone."""

from __future__ import annotations

import torch

from judge import compare
from judge.faults import Refused
from judge.keys import Keys
from judge.task import Task

# Both are within 2e-6 of each other when the device works; the limits of outputs begin at 1.5e-2.
LIMIT = 1e-4


def check_reference(task: Task, length: int, keys: Keys, device: torch.device) -> float:
    """The greatest relative RMS, over classes, outputs and final states, of the fp32 scan to the fp64 loop.

    Before a worker touches the device: that they differ is no submission's doing. Raises Refused, so `infra`.
    """
    reference, inputs = task.reference(), task.inputs()
    worst = 0.0
    for name in inputs.CLASSES:
        seed = keys.seed(f"reference/{name}")
        drawn = inputs.make(name, length=length, batch=1, heads=8, head_dim=64, seed=seed, device=device)
        exact = reference.op(*drawn, dtype=torch.float64)
        scanned = reference.op_scan(*drawn, dtype=torch.float32)
        found = [compare.relative_rms(got, wanted) for got, wanted in zip(scanned, exact, strict=True)]
        if not all(value <= LIMIT for value in found):
            raise Refused(
                f"the references disagree on {name} at length {length}: relative RMS {max(found):.3g}, limit "
                f"{LIMIT:g}; test this host's device and its PyTorch"
            )
        worst = max(worst, *found)
    return worst
