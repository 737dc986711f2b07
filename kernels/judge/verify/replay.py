"""The runs of a recorded evaluation once more, with its key: the same inputs, the same plan, the same gates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from judge import workbench
from judge.bench.fork import claim_of
from judge.device import Device
from judge.faults import Fault
from judge.gates.gates import GateLog
from judge.keys import Keys
from judge.progress import Progress
from judge.public_run import PublicRun
from judge.result import Record
from judge.secret_run import SecretRun
from judge.task import Task
from judge.verify.recheck import Plan, Step, is_floor

# Of a gate's limit. A worst of many rounds is the same number on the same board; where the clock asked for another
# number of rounds it is another draw, and draws differ by up to 3 % of the value (kernels: two seeds). Another board or
# an interpreter rounds in another order: upstream's own error was 0.86 % on one and 0.8 to 0.9 % on the other.
SAME_BOARD, OTHER_BOARD = 0.05, 0.15
# The worst of thousands of chunks or logits moves more than a mean does.
WORST_OF_MANY = 0.3
BY_THE_CLOCK = {"timeout", "implausible", "unstable", "infra"}
VERSIONS = ("torch", "triton")


@dataclass(frozen=True)
class Replayed:
    gates: list[dict]
    outputs: list[dict]
    reason: str
    log: str


def task_as_played(task: Task, recorded_kind: str, plans: dict[int, Plan]) -> Task:
    """The task with rounds as they were played on the recorded device, whatever the device here, and time for them."""
    rules = task.data["timing"][recorded_kind]
    slowest = {"minRoundsPerClass": min((p.kept_each for p in plans.values()), default=rules["minRoundsPerClass"])}
    rules = {**rules, **slowest, "maxSeconds": task.limits["totalSeconds"]}
    return Task({**task.data, "timing": {"cuda": rules, "cpu": rules}}, task.family)


def replay(
    task: Task,
    upstream: Path,
    files: dict[str, bytes],
    device: Device,
    keys: Keys,
    lengths: list[int],
    progress: Progress,
    boxed: bool,
    logit_weights: Path | None = None,
) -> Replayed:
    """Runs gates and rounds again. Raises Refused where this host cannot; a kernel's own failure is a reason."""
    claim = claim_of(task, files, lengths)
    bench = workbench.Workbench(task, upstream, files, device, boxed, logit_weights)
    record, log = Record(), GateLog(task)
    fixed_ns = dict.fromkeys(claim.lengths, 1)  # no figure is made of this run
    reason = "accepted"
    with bench.workplace(keys) as place:
        try:
            PublicRun(place, claim).run(fixed_ns, log, progress, record, bench.check)
            SecretRun(place, claim).run(fixed_ns, log, progress, record, bench.check, device.yardstick())
        except Fault as fault:
            reason = fault.reason
    return Replayed(log.results(), record.outputs, reason, bench.log)


def same_board(recorded: dict, device: Device) -> str | None:
    """None when outputs must be equal bit by bit, else what is different here."""
    from judge.result import versions

    here = device.describe()
    if (recorded["device"]["kind"], recorded["device"]["name"]) != (here["kind"], here["name"]):
        return f"other device: {here['name']} here, {recorded['device']['name']} there"
    ours, theirs = versions(), recorded["conditions"]["versions"]
    differing = [
        f"{name} {ours.get(name)} here, {theirs.get(name)} there"
        for name in VERSIONS
        if ours.get(name) != theirs.get(name)
    ]
    return f"other versions: {'; '.join(differing)}" if differing else None


def compare_reason(recorded: dict, again: Replayed) -> Step:
    """What the clock decides may come out otherwise; what the outputs decide may not."""
    reason = recorded["verdict"]["reason"]
    timed = again.reason != reason and {again.reason, reason} & BY_THE_CLOCK
    detail = f"{again.reason} here, {reason} recorded"
    if again.reason != reason:
        detail += f"; another judge may ask for more: the record's has commit {recorded['judge']['commit']}"
    return Step("verdict again", None if timed else reason == again.reason, detail)


def compare_gates(recorded: dict, again: Replayed, other: str | None) -> Step:
    """Each recorded gate against its value here, within a part of its limit."""
    here = {(g["name"], g["input"], g["length"]): g for g in again.gates}
    wrong, seen = [], 0
    for gate in recorded["gates"]:
        found = here.get((gate["name"], gate["input"], gate["length"]))
        if found is None:
            if other is None:
                wrong.append(f"{gate['name']} on {gate['input']} at {gate['length']} was not reached here")
            continue
        seen += 1
        if not close(gate, found["value"], other is not None):
            wrong.append(
                f"{gate['name']} on {gate['input']} at {gate['length']}: {gate['value']}, here {found['value']}"
            )
    return Step(
        "gates again", not wrong and seen > 0, "; ".join(wrong[:5]) or f"{seen} of {len(recorded['gates'])} agree"
    )


def close(gate: dict, value: float | None, other: bool) -> bool:
    if gate["value"] is None or value is None:
        return gate["value"] is value
    # What a cosine may lose is what lies between its limit and 1.
    room = 1 - gate["limit"] if is_floor(gate["name"]) else gate["limit"]
    many = gate["name"].endswith(("chunk_rms", "row_cosine", "max_abs_diff"))
    part = WORST_OF_MANY if many else OTHER_BOARD if other else SAME_BOARD
    # A gate that failed is far off, and its own value is then what a part is of.
    return abs(gate["value"] - value) <= part * max(room, abs(gate["value"]) if not is_floor(gate["name"]) else 0.0)


def unequal(recorded: list[dict], again: list[dict]) -> tuple[list[tuple], int]:
    """-> (rounds whose digests differ, rounds that both played)."""
    here = {(o["length"], o["input"], o["round"]): o["sha256"] for o in again}
    both = [(o, (o["length"], o["input"], o["round"])) for o in recorded]
    both = [(o, key) for o, key in both if key in here]
    return [key for o, key in both if here[key] != o["sha256"]], len(both)
