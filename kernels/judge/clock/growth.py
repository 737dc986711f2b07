"""Lengths that nobody was told, timed to see that the op's time grows as its work does."""

from __future__ import annotations

from collections.abc import Callable

from judge.clock.physics import SLOW_NS
from judge.clock.timing import own_ns
from judge.gates.gates import GateLog
from judge.op_calls import OpCalls, OpShape

INPUT = "layer_like"
REPEATS, SLOW_REPEATS = 3, 2
CHUNK = 64


def part_shapes(target: int) -> list[OpShape]:
    """A quarter and a half of the target length, in whole chunks."""
    return [OpShape(max(CHUNK, target // part // CHUNK * CHUNK)) for part in (4, 2)]


def least_ns(
    calls: OpCalls,
    slot_ids: list[int],
    seen_ns: dict[int, int],
    own: dict[str, int],
    gates: GateLog,
    step: Callable[[], None],
) -> dict[int, int]:
    """-> ns by length, less the judge's own: the least of three calls, of two where a call is long.

    Every output is compared. `own` is the task's `ownNs`.
    """
    found = {}
    for slot_id in slot_ids:
        length = calls.shapes[slot_id].length
        times = []
        for turn in range(SLOW_REPEATS if seen_ns[slot_id] > SLOW_NS else REPEATS):
            label = f"growth/{slot_id}/{turn}"
            inputs = calls.make(INPUT, slot_id, label)
            call = calls.session.call(slot_id, inputs, label)
            gates.output("timed", calls.errors(inputs, call.outputs["o"]), INPUT, length)
            gates.raise_first_failure()
            times.append(call.ns)
        found[length] = max(1, min(times) - own_ns(own, length))
        step()
    return found
