"""The longest target length that fits this machine's memory: found by trying, one call of the op each time."""

from __future__ import annotations

from collections.abc import Callable

import torch

from judge.bench.fork import claim_of
from judge.clock.fixed import FixedPart
from judge.faults import Fault, Refused
from judge.gpu.cuda_memory import DriverError
from judge.keys import Keys
from judge.memory import ran_out
from judge.public_run import PublicRun
from judge.secret_run import SecretRun
from judge.workbench import Workbench
from judge.workplace import pinned_layer_tree

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
    """Whether judge and workers have room for a target of `length`, as an evaluation takes it: the slots of both runs,
    the yardstick, the fixed part, one call in the secret run's worker while the public one waits, and its comparison.

    Raises Fault for whatever else goes wrong with the kernel.
    """
    claim = claim_of(workbench.task, {}, [length])
    try:
        with workbench.workplace(Keys.draw()) as place:
            public, secret = PublicRun(place, claim).plan, SecretRun(place, claim).plan
            place.start(public)
            place.start(secret)
            if workbench.device.kind == "cuda":
                pinned = pinned_layer_tree(workbench.upstream, workbench.task, place.place)
                fixed_part = FixedPart(workbench.task, place.keys, workbench.device.torch, pinned)
                place.take_memory(public)
                place.take_memory(secret)
                fixed_part.ns([length])
            workbench.device.yardstick()
            place.wait_until_ready()
            with place.worker(secret, workbench.check) as calls:
                inputs = calls.make(calls.classes[0], 0, "fit")
                calls.errors(inputs, calls.session.call(0, inputs, "fit").outputs["o"])
        return True
    except Fault as fault:
        if fault.reason in DOES_NOT_FIT:
            return False
        raise
    except (MemoryError, OSError, RuntimeError, DriverError, Refused) as error:
        if ran_out(error):
            return False
        raise
    finally:
        if workbench.device.kind == "cuda":
            torch.cuda.empty_cache()
