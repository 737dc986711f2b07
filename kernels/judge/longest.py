"""The longest target length that fits this machine's memory: found by trying, one call of the op each time."""

from __future__ import annotations

from collections.abc import Callable

import torch

from judge import probes
from judge.cuda_memory import DriverError
from judge.faults import Fault
from judge.keys import Keys
from judge.memory import ran_out
from judge.secret_run import op_shapes
from judge.workbench import Workbench
from judge.workplace import WorkerPlan

STEP = 64  # a chunk
DOES_NOT_FIT = frozenset({"unsupported", "resource_limit"})


def longest(fits: Callable[[int], bool], most: int) -> int:
    """The greatest multiple of 64 up to `most` that fits, 0 when not even 64 does; what fits at a length fits below."""
    low, high = 0, most // STEP
    if fits(high * STEP):
        return high * STEP
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle * STEP):
            low = middle
        else:
            high = middle
    return low * STEP


def fits_memory(workbench: Workbench, length: int) -> bool:
    """Whether judge and worker have room for a target of `length`: the slots, one call, and its comparison.

    Raises Fault for whatever else goes wrong with the kernel.
    """
    keys = Keys.draw()
    hidden = probes.drawn_shapes(length, keys.stream("hidden"))
    plan = WorkerPlan("fit", tuple(op_shapes(length, hidden, growing=True)))
    try:
        with workbench.workplace(keys) as place, place.worker(plan, workbench.check) as calls:
            inputs = calls.make(calls.classes[0], 0, "fit")
            calls.errors(inputs, calls.session.call(0, inputs, "fit").outputs["o"])
        return True
    except Fault as fault:
        if fault.reason in DOES_NOT_FIT:
            return False
        raise
    except (MemoryError, OSError, RuntimeError, DriverError) as error:
        if ran_out(error):
            return False
        raise
    finally:
        if workbench.device.kind == "cuda":
            torch.cuda.empty_cache()
