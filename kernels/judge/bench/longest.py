"""The longest target length that fits this machine's memory: found by trying, one call of the op each time."""

from __future__ import annotations

from collections.abc import Callable

import torch

from judge import readiness
from judge.bench.fork import claim_of
from judge.faults import Fault, Refused
from judge.gpu.cuda_memory import DriverError
from judge.keys import Keys
from judge.memory import ran_out
from judge.public_run import PublicRun
from judge.result import Record
from judge.secret_run import SecretRun
from judge.workbench import Workbench

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
    """Whether judge and workers have room for a target of `length`: what an evaluation takes to get ready, and then one
    call in the secret run's worker, with its comparison, while on a GPU the public run's worker waits.

    Raises Fault for whatever else goes wrong with the kernel.
    """
    claim, record = claim_of(workbench.task, {}, [length]), Record()
    try:
        with workbench.workplace(Keys.draw()) as place:
            public, secret = PublicRun(place, claim).plan, SecretRun(place, claim).plan
            readiness.start_early(place, [public, secret], record)
            readiness.make_ready(place, workbench.upstream, claim, [public, secret], record)
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
