"""What a call costs beside copies and kernel: the way to the worker and back, and two changes of the GPU's context.

Measured with a kernel of our own that sleeps on the GPU and tells for how long: only here is a worker's word taken.
"""

from __future__ import annotations

import re

import torch

from judge.faults import Refused
from judge.keys import Keys
from judge.op_calls import OpShape
from judge.own_time import own_time_ns
from judge.workbench import Workbench
from judge.workplace import WorkerPlan

LENGTH = 64
CALLS = 40
DROPPED = 5
# Noise must cost its owner: no more is taken off than nine calls in ten had.
QUANTILE = 0.1
SOURCE = b"""
import torch

answer = None


def chunk_quasar(q, k, v, beta, **options):
    global answer
    if answer is None:
        answer = torch.zeros_like(q)
    began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    began.record()
    torch.cuda._sleep(10_000_000)
    ended.record()
    ended.synchronize()
    print(f"slept {began.elapsed_time(ended):.6f} ms", flush=True)
    return answer, None
"""


def turnaround_ns(bench: Workbench) -> int:
    """`bench` holds SOURCE as the entry's file. Raises Refused where the worker did not say how long it slept."""
    plan = WorkerPlan("turnaround", (OpShape(LENGTH), OpShape(LENGTH)))
    clocked = []
    with bench.workplace(Keys.draw()) as place, place.worker(plan, bench.check) as calls:
        for turn in range(CALLS):
            inputs = calls.make(calls.classes[0], turn % 2, str(turn))
            clocked.append(calls.session.call(turn % 2, inputs, str(turn)).ns)
        calls.session.end()
    slept = [float(ms) * 1e6 for ms in re.findall(r"^slept ([\d.]+) ms$", bench.log, re.MULTILINE)]
    if len(slept) != CALLS:
        raise Refused(f"the turnaround could not be measured: {bench.log[-500:]!r}")
    own = own_time_ns(torch.device("cuda"), LENGTH)
    beside = sorted(total - asleep - own for total, asleep in zip(clocked[DROPPED:], slept[DROPPED:], strict=True))
    return max(0, int(beside[int(QUANTILE * len(beside))]))
