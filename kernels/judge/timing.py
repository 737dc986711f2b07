"""The timed rounds of one length: all classes mixed secretly, every output compared, some rounds dropped at random."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from judge import stats
from judge.faults import Fault
from judge.gates import GateLog
from judge.op_calls import OpCalls

FIRST_DROPPED = 2
DROP_LOW, DROP_HIGH = 0.10, 0.25
# So many outputs wait for their comparison; the worker is idle while they are compared.
BATCH = 12


@dataclass(frozen=True)
class Round:
    input_class: str
    kept: bool


def plan(classes: tuple[str, ...], kept_each: int, stream: np.random.Generator) -> list[Round]:
    """Two rounds that never count, then `kept_each` kept rounds of every class among a random 10-25 % more."""
    each = math.ceil(kept_each / (1 - stream.uniform(DROP_LOW, DROP_HIGH)))
    rounds = [Round(name, i < kept_each) for name in classes for i in range(each)]
    first = [Round(classes[i], False) for i in stream.integers(0, len(classes), FIRST_DROPPED)]
    return first + [rounds[i] for i in stream.permutation(len(rounds))]


def measure(
    calls: OpCalls,
    slot_ids: tuple[int, int],
    length: int,
    rules: dict,
    gates: GateLog,
    step: Callable[[], None],
    threads: int,
) -> tuple[list[dict], list[dict]]:
    """-> (one timing per class, digests of the compared outputs). Raises Fault `wrong_output` at the first wrong one.

    `rules` is the task's `timing` entry of the device. Draws that turn out slow stay in: none is spoiled and repeated.
    """
    keys, run = calls.session.keys, calls.session.name
    rounds = plan(calls.classes, rules["minRoundsPerClass"], keys.stream(f"plan/{run}/{length}"))
    own_ns = rules["ownNs"].get(str(length), 0)
    times: dict[str, list[int]] = {name: [] for name in calls.classes}
    digests: list[dict] = []
    waiting: list[tuple] = []
    spent_ns = 0

    with ThreadPoolExecutor(max_workers=threads) as pool:

        def compare_waiting() -> None:
            found = pool.map(lambda w: calls.errors(w[2], w[3]), waiting)
            for (index, name, _, output), errors in zip(waiting, found, strict=True):
                digests.append({"length": length, "input": name, "round": index, "sha256": sha256(output)})
                gates.output("timed", errors, name, length)
                step()
            waiting.clear()
            gates.raise_first_failure()

        for index, planned in enumerate(rounds):
            inputs = calls.make(planned.input_class, slot_ids[0], f"{length}/{index}")
            call = calls.session.call(slot_ids[index % 2], inputs, f"{length}/{index}")
            spent_ns += call.ns
            if spent_ns > rules["maxSeconds"] * 1e9:
                raise Fault(
                    "timeout",
                    f"{index + 1} of {len(rounds)} calls at length {length} took over {rules['maxSeconds']} s",
                )
            if planned.kept and index >= FIRST_DROPPED:
                times[planned.input_class].append(max(1, call.ns - own_ns))
            waiting.append((index, planned.input_class, inputs, call.outputs["o"].clone()))
            if len(waiting) == BATCH:
                compare_waiting()
        compare_waiting()
    classes = [
        {"input": name, **stats.summarise(taken, keys.stream(f"bootstrap/{run}/{length}/{name}"))}
        for name, taken in times.items()
    ]
    return classes, digests


def sha256(output: torch.Tensor) -> str:
    return hashlib.sha256(output.contiguous().view(-1).view(torch.uint8).numpy()).hexdigest()


def figure(length: int, classes: list[dict], fixed_ns: int, peak_bytes: int) -> dict:
    """The measurement record: T over (fixed part + slowest class), and the same at the worst interval's end."""
    slowest = max(c["medianNs"] for c in classes)
    slowest_high = max(c["ciHighNs"] for c in classes)
    return {
        "length": length,
        "classes": classes,
        "fixedNs": fixed_ns,
        "tokensPerSec": _floor(length, fixed_ns + slowest),
        "tokensPerSecLow": _floor(length, fixed_ns + slowest_high),
        "opTokensPerSec": _floor(length, slowest),
        "peakBytes": peak_bytes,
    }


def _floor(length: int, ns: int) -> float:
    """Tokens per second, rounded down to a thousandth, so that no rounding favours anybody."""
    value = length * 1_000_000_000_000 // ns / 1000
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"no figure from {length} tokens in {ns} ns")
    return value
