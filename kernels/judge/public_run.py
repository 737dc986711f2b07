"""The public run: every correctness gate, the logits, and the published lengths, in one worker."""

from __future__ import annotations

from judge.claim import Claim
from judge.gates import gates, logit_weights, logits, probes
from judge.gates.gates import GateLog
from judge.op_calls import OpShape
from judge.progress import Progress
from judge.result import Record
from judge.runs import Check, measure, prepare
from judge.workplace import WorkerPlan, Workplace


class PublicRun:
    """Laid out when made, so that its worker can be started early; `run` does it."""

    def __init__(self, workplace: Workplace, claim: Claim):
        self._workplace, task, device = workplace, workplace.task, workplace.device
        self._timed = [n for n in claim.lengths if n != claim.target_length]
        sizes = logit_weights.choose(task, device.kind, workplace.logit_weights)
        self._model = logits.Model(sizes, workplace.keys, task, device.torch, workplace.logit_weights)
        lengths = sorted({g["length"] for g in task.data["gates"] if g["name"] == "op_rel_rms"})
        self._gate_lengths = [n for n in lengths if n <= claim.target_length] or lengths[:1]
        shapes: list[OpShape] = []
        self._pairs: dict[int, tuple[int, int]] = {}
        for length in sorted({*self._gate_lengths, *self._timed}):
            self._pairs[length] = (len(shapes), len(shapes) + 1)
            shapes += [OpShape(length)] * 2
        shapes.append(OpShape(self._gate_lengths[0], state=True))
        self.plan = WorkerPlan("public", tuple(shapes), (self._model.slot(),), sizes.trunk())

    def run(self, fixed_ns: dict[int, int], log: GateLog, progress: Progress, record: Record, check: Check) -> None:
        """Adds gates, measurements and digests to the records. Raises the Fault of the first failing gate."""
        task = self._workplace.task
        lengths, pairs = self._gate_lengths, self._pairs
        state_slot, trunk_slot = len(self.plan.shapes) - 1, len(self.plan.shapes)
        with self._workplace.worker(self.plan, check) as calls:
            seen_ns = prepare(calls, task, progress)
            record.mark("public run prepared")
            gate_count = sum(g["name"] == "op_rel_rms" and g["length"] in lengths for g in task.data["gates"])
            progress.stage("public", gate_count + 4)
            step = progress.step
            gates.run_op_gates(calls, {n: pairs[n][0] for n in lengths}, log, task, step)
            probes.run_state_gate(calls, state_slot, log)
            step()
            probes.run_impulse(calls, pairs[lengths[0]], log, step)
            record.mark("gates")
            progress.stage("logits", 1)
            logits.run_logit_gate(calls.session, trunk_slot, self._model, log, record.report_logits)
            step()
            record.mark("logits")
            for n in self._timed:
                slow_ns = seen_ns[pairs[n][1]]
                measure(self._workplace, calls, pairs[n], n, fixed_ns[n], slow_ns, False, log, progress, record)
            calls.session.end()
