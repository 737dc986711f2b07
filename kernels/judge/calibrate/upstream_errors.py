"""How far the pinned upstream itself is from the reference, judged like any submission."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from judge import compare
from judge.faults import Refused
from judge.keys import Keys
from judge.op_calls import OpCalls, OpShape
from judge.workbench import Workbench
from judge.workplace import WorkerPlan


@dataclass
class UpstreamErrors:
    """The worst of all draws. `rms` by (gate, input class, length); `chunk`, the worst 64 rows, by (class, length)."""

    rms: dict[tuple[str, str, int], float] = field(default_factory=dict)
    chunk: dict[tuple[str, int], float] = field(default_factory=dict)

    def worse(self, found: dict, key: tuple, value: float) -> None:
        if not math.isfinite(value):
            raise Refused(f"the pinned upstream's output is not finite for {key}: no limit follows from that")
        found[key] = max(found.get(key, 0.0), value)


def measure(bench: Workbench, lengths: list[int], seeds: int, said: Callable[[str], None]) -> UpstreamErrors:
    """Every gate's class at its length, and the timed classes at `lengths`, `seeds` draws each, in one worker.

    Inputs come from a key that the task's name and version give: a second run on the same board measures the same.
    Raises Fault as a judged kernel does.
    """
    task = bench.task
    keys = Keys(hashlib.sha256(f"calibrate/{task.name}/{task.data['version']}".encode()).digest())
    gates, timed = task.data["gates"], task.inputs().CLASSES
    found = UpstreamErrors()
    every = sorted({*(g["length"] for g in gates), *lengths})
    stateful = sorted({g["length"] for g in gates if g["name"] == "state_rel_rms"})
    shapes = [*(OpShape(n) for n in every), *(OpShape(n, state=True) for n in stateful)]
    plan = WorkerPlan("calibrate", tuple(shapes))
    with bench.workplace(keys) as place, place.worker(plan, bench.check) as calls:
        for slot_id, shape in enumerate(shapes):
            length, name = shape.length, "state_rel_rms" if shape.state else "op_rel_rms"
            classes = {g["input"] for g in gates if g["name"] == name and g["length"] == length}
            if not shape.state and length in lengths:
                classes |= set(timed)
            for seed in range(seeds):
                for input_class in sorted(classes):
                    (_state if shape.state else _op)(found, calls, slot_id, input_class, f"{length}/{name}/{seed}")
            said(f"{length:>9} tokens: {len(classes)} classes, {seeds} draws each")
        calls.session.end()
    return found


def _op(found: UpstreamErrors, calls: OpCalls, slot_id: int, name: str, label: str) -> None:
    label, length = f"{label}/{name}", calls.shapes[slot_id].length
    inputs = calls.make(name, slot_id, label)
    errors = calls.errors(inputs, calls.session.call(slot_id, inputs, label).outputs["o"])
    found.worse(found.rms, ("op_rel_rms", name, length), errors.rel_rms)
    found.worse(found.chunk, (name, length), errors.chunk_rms)


def _state(found: UpstreamErrors, calls: OpCalls, slot_id: int, name: str, label: str) -> None:
    label, length = f"{label}/{name}", calls.shapes[slot_id].length
    inputs = calls.make(name, slot_id, label)
    outputs = calls.session.call(slot_id, inputs, label).outputs
    answer, state = calls.reference(inputs)
    found.worse(found.rms, ("op_rel_rms", name, length), compare.relative_rms(outputs["o"], answer))
    found.worse(found.rms, ("state_rel_rms", name, length), compare.relative_rms(outputs["final_state"], state))
