"""Gate results as they come in, and the correctness gates of the public run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from judge.faults import Fault
from judge.task import Task

if TYPE_CHECKING:
    # Commands that judge nothing read a verdict's reasons without PyTorch.
    from judge.compare import Errors
    from judge.op_calls import OpCalls

ROW_COSINE = 0.99
# A chunk may be this much worse than the whole tensor may. The worst of 300 draws of upstream's was 1.9 times the limit
# (mixed, 512 rows), and a chunk that was left out is at 60 times.
CHUNK_FACTOR = 3.0
REASONS = {"finite": "nonfinite", "op": "op_error", "state": "op_error", "logits": "logits", "timed": "wrong_output"}


class GateLog:
    """Every gate that was looked at, the worst figure of each; the first failure stays at hand."""

    def __init__(self, task: Task):
        self._task = task
        self._worst: dict[tuple, dict] = {}

    def output(self, kind: str, errors: Errors, input_class: str, length: int) -> None:
        """All gates of one op output; `kind` is `op` (public gates) or `timed`."""
        limit = self._task.limit("op_rel_rms", input_class, length)
        self.at_most("finite", errors.nonfinite, 0, input_class, length)
        if errors.nonfinite:
            return
        self.at_most(f"{kind}_rel_rms", errors.rel_rms, limit, input_class, length)
        self.at_most(f"{kind}_chunk_rms", errors.chunk_rms, CHUNK_FACTOR * limit, input_class, length)
        self.at_least(f"{kind}_row_cosine", errors.row_cosine, ROW_COSINE, input_class, length)
        self.at_most(f"{kind}_signed_mean", errors.signed_mean, limit, input_class, length)

    def final_state(self, rel_rms: float, input_class: str, length: int) -> None:
        """The gate of a final state, in the public and in the secret run; `rel_rms` is NaN where it is not finite."""
        limit = self._task.limit("state_rel_rms", input_class, length)
        self.at_most("state_rel_rms", rel_rms, limit, input_class, length)

    def at_most(self, name: str, value: float, limit: float, input_class: str, length: int) -> None:
        self._record(name, value, limit, input_class, length, value <= limit, value)

    def at_least(self, name: str, value: float, limit: float, input_class: str, length: int) -> None:
        self._record(name, value, limit, input_class, length, value >= limit, -value)

    def results(self) -> list[dict]:
        return [entry["result"] for entry in self._worst.values()]

    def raise_first_failure(self) -> None:
        """Raises the Fault of the first failing gate, in the order of the reasons."""
        failed = [r for r in self.results() if not r["pass"]]
        if failed:
            worst = min(failed, key=lambda r: list(REASONS).index(family(r["name"])))
            raise Fault(REASONS[family(worst["name"])], describe(worst))

    def _record(self, name, value, limit, input_class, length, passed, badness) -> None:
        finite = math.isfinite(value)
        result = {
            "name": name,
            "length": length,
            "input": input_class,
            "value": float(value) if finite else None,
            "limit": float(limit),
            "pass": bool(passed and finite),
        }
        key = (name, input_class, length)
        badness = badness if finite else math.inf
        if key not in self._worst or badness > self._worst[key]["badness"]:
            self._worst[key] = {"badness": badness, "result": result}


def family(gate_name: str) -> str:
    return gate_name.split("_", 1)[0]


def describe(result: dict) -> str:
    value = "not finite" if result["value"] is None else f"{result['value']:.6g}"
    return f"{result['name']} on {result['input']} at length {result['length']}: {value}, limit {result['limit']:g}"


def run_op_gates(
    calls: OpCalls, slots_by_length: dict[int, int], gates: GateLog, task: Task, step: Callable[[], None]
) -> None:
    """Every class and distribution that the task has a limit for, at its lengths; stops at the first failure."""
    for gate in task.data["gates"]:
        if gate["name"] != "op_rel_rms" or gate["length"] not in slots_by_length:
            continue
        slot_id = slots_by_length[gate["length"]]
        label = f"gate/{gate['length']}/{gate['input']}"
        inputs = calls.make(gate["input"], slot_id, label)
        call = calls.session.call(slot_id, inputs, label)
        gates.output("op", calls.errors(inputs, call.outputs["o"]), gate["input"], gate["length"])
        gates.raise_first_failure()
        step()
