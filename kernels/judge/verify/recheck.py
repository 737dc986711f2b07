"""What a result record must agree with, found without running anything: its key, its plan, its figures, its verdict."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

from judge import verdict
from judge.clock import timing
from judge.gates import gates
from judge.keys import Keys
from judge.task import Task
from judge.verify import json_schema

RATES = ("tokensPerSec", "tokensPerSecLow", "opTokensPerSec")
RUNS = ("secret", "public")


@dataclass(frozen=True)
class Step:
    """One thing that was checked. `agrees` None: it could not be compared, and `detail` says why."""

    name: str
    agrees: bool | None
    detail: str


@dataclass(frozen=True)
class Plan:
    """How one length was played: the run it belongs to, kept rounds by class and block, and blocks that were begun."""

    run: str
    kept_each: int
    rounds: tuple[timing.Round, ...]


def schema(result: object) -> Step:
    found = json_schema.problems(result, json_schema.load_schema("result"))
    return Step("schema", not found, "; ".join(found[:5]) if found else "a result of the contracts")


def task(result: dict, ours: Task) -> Step:
    if result["task"] == ours.identity():
        return Step("task", True, f"{ours.name} version {ours.data['version']}")
    both = f"the record is of {_named(result['task'])}, here is {_named(ours.identity())}"
    return Step("task", False, f"{both}: check out its judge's commit, {result['judge']['commit']}")


def commitment(result: dict) -> Step:
    key = result["key"]
    same = hashlib.sha256(bytes.fromhex(key["value"])).hexdigest() == key["sha256"]
    return Step("key", same, f"sha256 {key['sha256']}" if same else "the key is not the one of its sha256")


def verdict_follows(result: dict, ours: Task, secret_lengths: set[int]) -> Step:
    """The verdict from the recorded gates, by the rule that made it. A fault of the run is in the record alone.

    `secret_lengths` are those that the recorded rounds show to be of a secret run.
    """
    found = result["verdict"]
    status = "inconclusive" if found["reason"] in verdict.INCONCLUSIVE else "rejected"
    if found["reason"] == "accepted":
        lengths = [m["length"] for m in result["measurements"]]
        decided = verdict.decide([], result["gates"], measured=bool(secret_lengths & {*lengths}))
        same = decided["reason"] == "accepted" and found["status"] == "accepted"
        left_out = _left_out(result, lengths, ours)
        if left_out:
            return Step("verdict", False, f"recorded as accepted; {left_out}")
        return Step("verdict", same, "accepted" if same else f"recorded as accepted; {decided['detail']}")
    if found["reason"] not in verdict.ORDER or found["status"] != status:
        return Step("verdict", False, f"{found['status']} does not follow from {found['reason']}")
    decided = verdict.decide([(found["reason"], "")], result["gates"], measured=True)
    same = decided["reason"] == found["reason"]
    caused = any(not g["pass"] for g in result["gates"])
    if found["reason"] in gates.REASONS.values() and not caused:
        return Step("verdict", False, f"{found['reason']}, but every recorded gate passed")
    detail = f"{found['status']}: {found['reason']}"
    return Step("verdict", same, detail if same else f"{detail}, but {decided['reason']} comes first")


def gates_follow(result: dict, ours: Task) -> Step:
    """Every gate's `pass` from its value and limit, and the task's own limits where the gate has one there.

    The values themselves are the record's word: only running the kernel again (`replay`) tells.
    """
    wrong = []
    for gate in result["gates"]:
        if gate["pass"] != passes(gate):
            wrong.append(f"{gates.describe(gate)}: recorded as {'passed' if gate['pass'] else 'failed'}")
        if gate["name"] in ("op_rel_rms", "timed_rel_rms", "state_rel_rms"):
            name = "state_rel_rms" if gate["name"] == "state_rel_rms" else "op_rel_rms"
            limit = ours.limit(name, gate["input"], gate["length"])
            if gate["limit"] != limit:
                wrong.append(f"{gate['name']} on {gate['input']} at {gate['length']}: the task's limit is {limit:g}")
    return Step(
        "gates",
        not wrong,
        "; ".join(wrong[:5]) if wrong else f"{len(result['gates'])} pass or fail as their values say",
    )


def passes(gate: dict) -> bool:
    value, limit = gate["value"], gate["limit"]
    if value is None or not math.isfinite(value):
        return False
    return value >= limit if is_floor(gate["name"]) else value <= limit


def is_floor(gate_name: str) -> bool:
    """Cosines must be at least their limit; everything else at most."""
    return gate_name.endswith("cosine")


def figures(result: dict) -> Iterator[Step]:
    """Tokens per second of every length, by the published formula."""
    for m in sorted(result["measurements"], key=lambda m: m["length"]):
        ours = timing.figure(m["length"], m["classes"], m["fixedNs"], m["peakBytes"])
        wrong = [
            f"{name} is {m[name]:,.3f}, its times give {ours[name]:,.3f}" for name in RATES if m[name] != ours[name]
        ]
        wrong += [
            f"{c['input']}: the median is not inside its interval"
            for c in m["classes"]
            if not 0 < c["ciLowNs"] <= c["medianNs"] <= c["ciHighNs"]
        ]
        detail = (
            "; ".join(wrong) if wrong else f"{m['tokensPerSec']:,.0f} tokens/s, low end {m['tokensPerSecLow']:,.0f}"
        )
        yield Step(f"figures at {m['length']}", not wrong, detail)


def plans(result: dict, ours: Task) -> Iterator[tuple[Step, int, Plan | None]]:
    """For each length the order of classes that the key gives, against the order that was recorded."""
    keys = Keys(bytes.fromhex(result["key"]["value"]))
    outputs: dict[int, list[tuple[int, str]]] = {}
    for output in result["outputs"]:
        outputs.setdefault(output["length"], []).append((output["round"], output["input"]))
    kept = {m["length"]: {c["input"]: c["rounds"] for c in m["classes"]} for m in result["measurements"]}
    for length in sorted({*outputs, *kept}):
        played = outputs.get(length, [])
        name = f"plan at {length}"
        if [index for index, _ in played] != list(range(len(played))):
            yield Step(name, False, "the recorded rounds are not 0, 1, 2 and so on"), length, None
            continue
        plan = matching_plan(keys, ours, result["device"]["kind"], length, [input_class for _, input_class in played])
        if plan is None:
            yield (
                Step(name, False, f"{len(played)} recorded rounds are not in the order that the key gives"),
                length,
                None,
            )
            continue
        counted = _kept(plan.rounds)
        if length in kept and counted != kept[length]:
            yield Step(name, False, f"the plan keeps {counted}, the figures are of {kept[length]}"), length, plan
            continue
        yield Step(name, True, f"{len(played)} rounds of the {plan.run} run, as the key draws them"), length, plan


def matching_plan(keys: Keys, ours: Task, kind: str, length: int, classes: list[str]) -> Plan | None:
    """The plan whose first rounds are these; None when the key gives no such plan."""
    every = ours.inputs().CLASSES
    for run in RUNS:
        for kept_each in (ours.data["timing"][kind]["minRoundsPerClass"], timing.SLOW_KEPT):
            rounds: list[timing.Round] = []
            for number in range(timing.MOST_BLOCKS):
                if len(rounds) >= len(classes):
                    break
                rounds += timing.block(every, kept_each, keys, run, length, number)
            if [r.input_class for r in rounds[: len(classes)]] == classes and classes:
                return Plan(run, kept_each, tuple(rounds[: len(classes)]))
    return None


def _kept(rounds: tuple[timing.Round, ...]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for r in rounds:
        if r.kept:
            counted[r.input_class] = counted.get(r.input_class, 0) + 1
    return counted


def _left_out(result: dict, lengths: list[int], ours: Task) -> str | None:
    """What a record of an evaluation must hold and this one does not; a bench chooses its lengths itself."""
    if result["evaluation"] is not None:
        missing = [str(n) for n in ours.data["lengths"] if n not in lengths]
        if missing:
            return f"there is no measurement of length {', '.join(missing)}"
        span = ours.data["targetLengths"]
        if not span["min"] <= max(lengths, default=0) <= span["max"]:
            return f"its longest length is not a target of {span['min']} to {span['max']} tokens"
    every = {*ours.inputs().CLASSES}
    short = [str(m["length"]) for m in result["measurements"] if {c["input"] for c in m["classes"]} != every]
    return f"not every class of inputs was timed at {', '.join(short)}" if short else None


def _named(identity: dict) -> str:
    return f"{identity['name']} version {identity['version']}, digest {identity['digest'][:12]}"
