"""What the public and the secret run have in common: preparing a worker, and timing one length."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from judge.clock import timing
from judge.faults import Fault
from judge.gates.gates import GateLog
from judge.op_calls import OpCalls
from judge.progress import Progress
from judge.result import Record
from judge.task import Task
from judge.workplace import Workplace

Check = Callable[[set[str]], None]


def prepare(calls: OpCalls, task: Task, progress: Progress) -> dict[int, int]:
    """Compilation and tuning, by the same command on throw-away keys -> ns of each slot's call.

    Of two slots of one shape the second call shows about how long a call takes.
    """
    ends = time.monotonic_ns() + int(task.limits["prepareSeconds"] * 1e9)
    progress.stage("prepare", len(calls.shapes))
    seen_ns = {}
    for slot_id in calls.shapes:
        inputs = calls.make(calls.classes[0], slot_id, f"prepare/{slot_id}")
        left = (ends - time.monotonic_ns()) / 1e9
        if left <= 0:
            raise Fault("timeout", f"preparing took longer than {task.limits['prepareSeconds']} s")
        seen_ns[slot_id] = calls.session.call(slot_id, inputs, f"prepare/{slot_id}", left).ns
        progress.step()
    return seen_ns


def measure(
    workplace: Workplace,
    calls: OpCalls,
    slots: tuple[int, int],
    length: int,
    fixed_ns: int,
    call_ns: int,
    ranked: bool,
    log: GateLog,
    progress: Progress,
    record: Record,
) -> None:
    """Times one length and records it; `call_ns`: about how long a call takes."""
    device = workplace.device
    rules = timing.rules(
        workplace.task.data["timing"][device.kind],
        length,
        call_ns=call_ns,
        ranked=ranked and device.alone,
        cuda=device.kind == "cuda",
        threads=min(2, len(os.sched_getaffinity(0))),
    )
    run = calls.session.name
    rounds = len(timing.block(calls.classes, rules.kept_each, workplace.keys, run, length, 0))
    progress.stage(run, rounds)
    inconsistent = calls.session.inconsistent
    classes, digests = timing.measure(calls, slots, length, rules, log, progress.step, device.settle)
    record.outputs += digests
    record.measurements.append(timing.figure(length, classes, fixed_ns, calls.session.memory.peak_bytes()))
    if calls.session.inconsistent - inconsistent > len(digests) // 5:
        record.flags.append("timing_inconsistent")
