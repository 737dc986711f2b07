"""The order in which judge and workers get ready: of an evaluation, and of a try whether there is room for one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from judge.claim import Claim
from judge.clock import yardstick
from judge.clock.fixed import FixedPart
from judge.gates.reference_check import check_reference
from judge.result import Record
from judge.workplace import WorkerPlan, Workplace, pinned_layer_tree


def start_early(workplace: Workplace, plans: Sequence[WorkerPlan], record: Record) -> None:
    """Starts the workers of a GPU: they load PyTorch while the judge looks at its own tools, and touch the device when
    they are called up. On a CPU each starts when its turn comes.
    """
    if workplace.device.kind != "cuda":
        return
    for plan in plans:
        workplace.start(plan)
    record.mark("workers started")


def make_ready(
    workplace: Workplace, upstream: Path, claim: Claim, plans: Sequence[WorkerPlan], record: Record
) -> tuple[dict[str, int], dict[int, int]]:
    """Returns when the judge has all the memory that it will need, and what was started stands ready.

    -> ns of the yardstick by name, and of the fixed part by length.
    """
    task, device, keys, on_gpu = workplace.task, workplace.device, workplace.keys, workplace.device.kind == "cuda"
    pinned = pinned_layer_tree(upstream, task, workplace.place) if on_gpu else None
    fixed_part = FixedPart(task, keys, device.torch, pinned)
    if on_gpu:
        check_reference(task, max(g["length"] for g in task.data["gates"]), keys, device.torch)
        for plan in plans:
            workplace.take_memory(plan)
    record.mark("pinned layer loaded, references compared, memory taken")
    before = device.yardstick()
    record.yardstick = yardstick.record(before, {})
    fixed_ns = fixed_part.ns(sorted({*claim.lengths, claim.target_length}))
    record.mark("yardstick and fixed part timed")
    workplace.wait_until_ready()
    record.mark("workers ready")
    return before, fixed_ns
