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
    """Every gate's class at its length, and the timed classes at `lengths`, `seeds` draws each, a worker a length.

    Inputs come from a key that the task's name and version give: a second run on the same board measures the same.
    Raises Fault as a judged kernel does.
    """
    task = bench.task
    keys = Keys(hashlib.sha256(f"calibrate/{task.name}/{task.data['version']}".encode()).digest())
    gates, timed = task.data["gates"], task.inputs().CLASSES
    found = UpstreamErrors()
    for length in sorted({*(g["length"] for g in gates), *lengths}):
        own = {g["input"] for g in gates if g["name"] == "op_rel_rms" and g["length"] == length}
        classes = sorted(own | (set(timed) if length in lengths else set()))
        states = sorted(g["input"] for g in gates if g["name"] == "state_rel_rms" and g["length"] == length)
        shapes = [OpShape(length), *([OpShape(length, state=True)] if states else [])]
        with bench.workplace(keys) as place, place.worker(f"calibrate-{length}", shapes, bench.check) as calls:
            for seed in range(seeds):
                for name in classes:
                    _op(found, calls, name, length, f"{name}/{seed}")
                for name in states:
                    _state(found, calls, name, length, f"state/{name}/{seed}")
            calls.session.end()
        said(f"{length:>9} tokens: {len(classes)} classes, {seeds} draws each")
    return found


def _op(found: UpstreamErrors, calls: OpCalls, name: str, length: int, label: str) -> None:
    inputs = calls.make(name, 0, label)
    errors = calls.errors(inputs, calls.session.call(0, inputs, label).outputs["o"])
    found.worse(found.rms, ("op_rel_rms", name, length), errors.rel_rms)
    found.worse(found.chunk, (name, length), errors.chunk_rms)


def _state(found: UpstreamErrors, calls: OpCalls, name: str, length: int, label: str) -> None:
    inputs = calls.make(name, 1, label)
    outputs = calls.session.call(1, inputs, label).outputs
    answer, state = calls.reference(inputs)
    found.worse(found.rms, ("op_rel_rms", name, length), compare.relative_rms(outputs["o"], answer))
    found.worse(found.rms, ("state_rel_rms", name, length), compare.relative_rms(outputs["final_state"], state))
