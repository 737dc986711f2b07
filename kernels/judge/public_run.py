"""The public run: every correctness gate, the logits, and the published lengths, in one worker."""

from __future__ import annotations

from judge import gates, logit_weights, logits, probes
from judge.claim import Claim
from judge.gates import GateLog
from judge.op_calls import OpShape
from judge.progress import Progress
from judge.result import Record
from judge.runs import Check, measure, prepare
from judge.workplace import Workplace


def public_run(
    workplace: Workplace,
    claim: Claim,
    fixed_ns: dict[int, int],
    log: GateLog,
    progress: Progress,
    record: Record,
    check: Check,
) -> None:
    """Adds gates, measurements and digests to the records. Raises the Fault of the first failing gate."""
    task, device = workplace.task, workplace.device
    timed = [n for n in claim.lengths if n != claim.target_length]
    sizes = logit_weights.choose(task, device.kind, workplace.logit_weights)
    model = logits.Model(sizes, workplace.keys, task, device.torch, workplace.logit_weights)
    gate_lengths = sorted({g["length"] for g in task.data["gates"] if g["name"] == "op_rel_rms"})
    gate_lengths = [n for n in gate_lengths if n <= claim.target_length] or gate_lengths[:1]
    shapes: list[OpShape] = []
    pairs: dict[int, tuple[int, int]] = {}
    for length in sorted({*gate_lengths, *timed}):
        pairs[length] = (len(shapes), len(shapes) + 1)
        shapes += [OpShape(length)] * 2
    shapes.append(OpShape(gate_lengths[0], state=True))
    state_slot, trunk_slot = len(shapes) - 1, len(shapes)
    with workplace.worker("public", shapes, check, [model.slot()], model.sizes.trunk()) as calls:
        seen_ns = prepare(calls, task, progress)
        gate_count = sum(g["name"] == "op_rel_rms" and g["length"] in gate_lengths for g in task.data["gates"])
        progress.stage("public", gate_count + 4)
        step = progress.step
        gates.run_op_gates(calls, {n: pairs[n][0] for n in gate_lengths}, log, task, step)
        probes.run_state_gate(calls, state_slot, log, task)
        step()
        probes.run_impulse(calls, pairs[gate_lengths[0]], log, step)
        progress.stage("logits", 1)
        logits.run_logit_gate(calls.session, trunk_slot, model, log, record.report_logits)
        step()
        for length in timed:
            slow_ns = seen_ns[pairs[length][1]]
            measure(workplace, calls, pairs[length], length, fixed_ns[length], slow_ns, False, log, progress, record)
        calls.session.end()
