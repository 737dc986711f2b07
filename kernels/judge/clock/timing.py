"""The timed rounds of one length: all classes mixed secretly, every output compared, some rounds dropped at random."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from judge.clock import digests, physics, stats
from judge.clock.physics import SLOW_NS
from judge.faults import Fault
from judge.gates.gates import GateLog

if TYPE_CHECKING:
    from judge.op_calls import OpCalls

FIRST_DROPPED = 2
DROP_LOW, DROP_HIGH = 0.10, 0.25
# Rounds of each class, where a call takes longer than SLOW_NS.
SLOW_KEPT = 2
# Further blocks are played until every class's 95 % interval of the median is within this part of it on either side.
HALF_WIDTH = 0.005
# ... or until the next block would pass this time, comparisons included: a verdict must not wait for the last permille.
# Times that would be unstable are played on until the task's limit.
MOST_SECONDS = 9.0
MOST_BLOCKS = 64


@dataclass(frozen=True)
class Round:
    input_class: str
    kept: bool


@dataclass(frozen=True)
class Rules:
    """How long one length is timed. `most_blocks` 1: no figure that ranks, one block is enough.

    `enough`: kept rounds of each class, and `enough_in_all` of all, before a ranked length may end, unless calls are
    slow where they count: a kernel that is slow only while it is prepared gets no shorter series.

    `waiting`: so many outputs are kept and then compared together, by `threads`, while the worker is idle.
    """

    kept_each: int
    max_seconds: float
    own_ns: int = 0
    most_blocks: int = 1
    waiting: int = 1
    threads: int = 1
    enough: int = 1
    enough_in_all: int = 1


def rules(entry: dict, length: int, *, call_ns: int, ranked: bool, cuda: bool, threads: int) -> Rules:
    """From the task's `timing` entry of the device; `call_ns` (one call, about) and `ranked` are of this length."""
    return Rules(
        kept_each=SLOW_KEPT if call_ns > SLOW_NS and cuda else entry["minRoundsPerClass"],
        max_seconds=entry["maxSeconds"],
        own_ns=own_ns(entry["ownNs"], length),
        most_blocks=MOST_BLOCKS if ranked and cuda else 1,
        waiting=1 if cuda else 12,
        threads=1 if cuda else threads,
        enough=entry["minRoundsPerClass"],
        enough_in_all=entry["minRounds"],
    )


def own_ns(by_length: dict[str, int], length: int) -> int:
    """The judge's own copies, from the task's figures: in between they grow with the length.

    0 where there are none.
    """
    known = sorted((int(n), ns) for n, ns in by_length.items())
    return int(np.interp(length, *zip(*known, strict=True))) if known else 0


def plan(classes: tuple[str, ...], kept_each: int, stream: np.random.Generator, first: bool = True) -> list[Round]:
    """One block: `kept_each` kept rounds of every class among a random 10-25 % more, in secret order.

    The first block begins with two rounds that never count.
    """
    kept = [Round(name, True) for name in classes for _ in range(kept_each)]
    more = math.ceil(len(kept) / (1 - stream.uniform(DROP_LOW, DROP_HIGH))) - len(kept)
    rounds = kept + [Round(classes[i], False) for i in stream.integers(0, len(classes), more)]
    warming = [Round(classes[i], False) for i in stream.integers(0, len(classes), FIRST_DROPPED)] if first else []
    return warming + [rounds[i] for i in stream.permutation(len(rounds))]


def block(calls_classes: tuple[str, ...], kept_each: int, keys, run: str, length: int, number: int) -> list[Round]:
    """Block `number` of a length, the same for whoever has the key."""
    return plan(calls_classes, kept_each, keys.stream(f"plan/{run}/{length}/{number}"), first=number == 0)


@dataclass
class Timings:
    """What the rounds of one length left behind: kept ns by class, and the digests of all compared outputs."""

    times: dict[str, list[int]]
    digests: list[dict] = field(default_factory=list)
    spent_ns: int = 0

    def kept(self) -> int:
        return sum(len(taken) for taken in self.times.values())

    def least_kept(self) -> int:
        return min(len(taken) for taken in self.times.values())


def measure(
    calls: OpCalls,
    slot_ids: tuple[int, int],
    length: int,
    rules: Rules,
    gates: GateLog,
    step: Callable[[], None],
    settle: Callable[[], None] = lambda: None,
) -> tuple[list[dict], list[dict]]:
    """-> (one timing per class, digests of the compared outputs). Raises Fault `wrong_output` at the first wrong one.

    `settle` is called before each round, outside of the clock. Draws that turn out slow stay in: none is spoiled and
    repeated.
    """
    keys, run = calls.session.keys, calls.session.name
    found = Timings({name: [] for name in calls.classes})
    index = 0
    began_ns = time.monotonic_ns()
    for number in range(rules.most_blocks):
        rounds = block(calls.classes, rules.kept_each, keys, run, length, number)
        index = _play(calls, slot_ids, length, rules, gates, step, settle, rounds, index, found)
        classes = [
            {"input": name, **stats.summarise(taken, keys.stream(f"bootstrap/{run}/{length}/{name}"))}
            for name, taken in found.times.items()
        ]
        if found.spent_ns > rules.max_seconds * 1e9:
            break
        too_few = found.least_kept() < rules.enough or found.kept() < rules.enough_in_all
        if too_few and sum(map(sum, found.times.values())) <= found.kept() * SLOW_NS:
            continue
        if max(map(stats.half_width, classes)) <= HALF_WIDTH:
            break
        ends_s = (time.monotonic_ns() - began_ns) / 1e9 * (number + 2) / (number + 1)
        if ends_s > (MOST_SECONDS if physics.unstable(classes) is None else rules.max_seconds):
            break
    return classes, found.digests


def _play(calls, slot_ids, length, rules, gates, step, settle, rounds, index, found) -> int:
    """Plays one block from round number `index` on -> the number after its last."""
    keys, run = calls.session.keys, calls.session.name
    waiting: list[tuple] = []

    with ThreadPoolExecutor(max_workers=rules.threads) as pool:

        def compare_waiting() -> None:
            # One thread is this one: work on a GPU is queued from where its context is.
            compare = pool.map if rules.threads > 1 else map
            errors_of = compare(lambda w: calls.errors(w[2], w[3]), waiting)
            for (number, name, _, output), errors in zip(waiting, errors_of, strict=True):
                digest = digests.of_output(output, keys.stream(f"digest/{run}/{length}/{number}"))
                found.digests.append({"length": length, "input": name, "round": number, "sha256": digest})
                gates.output("timed", errors, name, length)
                step()
            waiting.clear()
            gates.raise_first_failure()

        for planned in rounds:
            if found.spent_ns > rules.max_seconds * 1e9:
                if found.least_kept() >= SLOW_KEPT:
                    break
                raise Fault(
                    "timeout", f"{index} calls at length {length} took over {rules.max_seconds} s, too few for a figure"
                )
            inputs = calls.make(planned.input_class, slot_ids[0], f"{length}/{index}")
            settle()
            call = calls.session.call(slot_ids[index % 2], inputs, f"{length}/{index}")
            found.spent_ns += call.ns
            if planned.kept:
                found.times[planned.input_class].append(max(1, call.ns - rules.own_ns))
            output = call.outputs["o"]
            waiting.append((index, planned.input_class, inputs, output.clone() if rules.waiting > 1 else output))
            index += 1
            if len(waiting) >= rules.waiting:
                compare_waiting()
        compare_waiting()
    return index


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
