"""Gates that need more than one call, or more than the output: state, sudden change, repetition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from judge import compare
from judge.gates.gates import GateLog
from judge.op_calls import OpCalls, OpShape

STATE_INPUT = "long_memory"
IMPULSE_INPUT = "quiet_needle"
IMPULSE_GAIN = 32.0
# No power of two: a kernel for those only fails in every draw, at home as on a runner.
UNUSUAL_HEADS = (3, 5, 6, 7)


def run_state_gate(calls: OpCalls, slot_id: int, gates: GateLog) -> None:
    """A non-zero initial state must reach the outputs and the final state: keys that overwrite little."""
    _compare(calls, slot_id, "op", STATE_INPUT, "state", gates)


def run_impulse(calls: OpCalls, slot_ids: tuple[int, int], gates: GateLog, step: Callable[[], None]) -> None:
    """Two inputs that differ in one row of v, at the very start of each pseudo-head, one right after the other.

    The row is written once and never fades, so it must reach the last row; an answer remembered by a sample of the
    input, or a window over it, is the first call's. At last the first input again: answers may not depend on order.
    """
    length = calls.shapes[slot_ids[0]].length
    first = calls.make(IMPULSE_INPUT, slot_ids[0], "impulse")
    q, k, v, beta = first
    batch, time, heads, size = v.shape
    louder = v.clone()
    # Row r of pseudo-head p is row p * Tp + r of the flattened time and heads; lengths here are whole chunks.
    louder.view(batch, heads, time, size)[:, :, 0] *= IMPULSE_GAIN
    for turn, inputs in enumerate((first, (q, k, louder, beta), first)):
        call = calls.session.call(slot_ids[turn % 2], inputs, f"impulse/{turn}")
        gates.output("op", calls.errors(inputs, call.outputs["o"]), IMPULSE_INPUT, length)
        gates.raise_first_failure()
        step()


def drawn_shapes(target: int, stream: np.random.Generator) -> list[tuple[OpShape, str]]:
    """Shape and input class of the seven calls that only the secret run shows.

    One row, a chunk's border and both sides of it, an odd length of 10^4 to 10^5 (less below a small target), one with
    states, and at last one within 1 % of the target. Every batch of 1 and 2 and every count of 1, 4 and 8 heads occurs.
    The shortest get keys of one size: with a chunk or two, the limit of a class that mixes sizes says nothing.
    """
    low, high = min(10_000, target // 2), min(100_000, target)
    odd = int(stream.integers(low // 2, high // 2)) * 2 + 1
    near = target + int(stream.integers(1, max(1, target // 100) + 1)) * int(stream.choice([-1, 1]))
    lengths = [(63, "lam_0.2"), (64, "layer_like"), (65, "lam_0.2"), (odd, "quiet_needle")]
    batches, heads = stream.permutation([1, 1, 2, 2]), stream.permutation([1, 1, 4, 4])
    drawn = [(OpShape(n, int(b), int(h)), name) for (n, name), b, h in zip(lengths, batches, heads, strict=True)]
    # An answer of one row is v times q k: where that is near zero, only rounding is left to compare.
    one_row, with_states = (OpShape(1, 2, 8), "layer_like"), (_with_states(stream), STATE_INPUT)
    return [one_row, *drawn, with_states, (OpShape(near), "long_memory")]


def _with_states(stream: np.random.Generator) -> OpShape:
    """All that the public run's state gate leaves open at once: rows to pad, two sequences, another count of heads.

    As many chunks as that gate's 512 rows have, or fewer: a state gathers error with each, and the limit is of 512.
    """
    return OpShape(int(stream.integers(128, 256)) * 2 + 1, batch=2, heads=int(stream.choice(UNUSUAL_HEADS)), state=True)


def run_hidden_shapes(calls: OpCalls, hidden: dict[int, str], gates: GateLog, step: Callable[[], None]) -> None:
    """`hidden` maps slots to input classes. A kernel that is right for the published shapes only fails here."""
    for slot_id, input_class in hidden.items():
        _compare(calls, slot_id, "timed", input_class, f"hidden/{slot_id}", gates)
        step()


def _compare(calls: OpCalls, slot_id: int, kind: str, input_class: str, label: str, gates: GateLog) -> None:
    """One call on new inputs: its output by the gates of `kind`, then its final state where the slot has one."""
    shape = calls.shapes[slot_id]
    inputs = calls.make(input_class, slot_id, label)
    outputs = calls.session.call(slot_id, inputs, label).outputs
    output, state = calls.reference(inputs)
    gates.output(kind, compare.errors(outputs["o"], output), input_class, shape.length)
    gates.raise_first_failure()
    if shape.state:
        gates.final_state(compare.relative_rms(outputs["final_state"], state), input_class, shape.length)
        gates.raise_first_failure()
