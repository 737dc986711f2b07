from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from judge import secret_run
from judge.faults import Fault
from judge.gates import probes
from judge.gates.gates import GateLog
from judge.keys import Keys
from judge.op_calls import OpCalls, OpShape
from judge.task import load_task
from quasar import inputs

TASK = load_task("quasar")


@pytest.mark.parametrize("target", [128, 192, 1024, 100_000, 1_048_576])
@pytest.mark.parametrize("seed", range(10))
def test_hidden_shapes_are_short_odd_with_states_and_near_the_target(target, seed):
    drawn = probes.drawn_shapes(target, Keys(bytes(32)).stream(str(seed)))
    *short, (odd, _), (with_states, states_input), (near, _) = drawn
    assert [shape.length for shape, _ in short] == [1, 63, 64, 65]
    assert odd.length % 2 == 1 and min(10_000, target // 2) <= odd.length < min(100_000, target)
    assert near == OpShape(near.length) and 0 < abs(near.length - target) <= max(1, target // 100)
    assert [shape for shape, _ in drawn if shape.state] == [with_states]
    assert states_input == probes.STATE_INPUT
    others = [shape for shape, _ in drawn if not shape.state]
    assert {shape.batch for shape in others} == {1, 2} and {shape.heads for shape in others} == {1, 4, 8}
    assert {name for _, name in drawn} <= set(inputs.CLASSES)


def test_hidden_shapes_are_drawn():
    drawn = [probes.drawn_shapes(1_048_576, Keys(bytes(32)).stream(str(seed))) for seed in range(20)]
    assert len({str(shapes) for shapes in drawn}) == 20


def test_the_shape_with_states_shares_nothing_with_that_of_the_public_run():
    published = min(g["length"] for g in TASK.data["gates"] if g["name"] == "state_rel_rms")
    every = [probes.drawn_shapes(100_000, Keys(bytes(32)).stream(str(seed)))[-2][0] for seed in range(200)]
    assert {shape.batch for shape in every} == {2} and {shape.heads for shape in every} == {3, 5, 6, 7}
    assert all(shape.length % 2 for shape in every) and len({shape.length for shape in every}) > 50
    # Its limit is that of the published length: the pinned upstream's state is worse with each chunk.
    assert {math.ceil(shape.length / 64) for shape in every} == {5, 6, 7, 8} and published == 512


@pytest.mark.parametrize("growing", [False, True])
def test_the_shape_with_states_takes_no_slot_of_those_that_are_timed(growing):
    hidden = probes.drawn_shapes(100_000, Keys(bytes(32)).stream("hidden"))
    shapes = secret_run.op_shapes(100_000, hidden, growing)
    assert shapes[2 : 2 + len(hidden)] == [shape for shape, _ in hidden]
    timed = [*shapes[:2], *shapes[1 + len(hidden) :]]
    assert len(timed) == (5 if growing else 3) and not any(shape.state for shape in timed)


class Kernel:
    """A session whose kernel is the reference, but for what a trick makes of its outputs."""

    def __init__(self, trick):
        self.name, self.keys, self._trick = "secret", Keys(bytes(32)), trick

    def call(self, slot_id, given, label):
        o, state = TASK.reference().op(*given)
        outputs = {"o": o.to(torch.bfloat16), "final_state": state.float()}
        self._trick(outputs, given)
        return SimpleNamespace(outputs=outputs)


def hidden_gates(trick, shape):
    """-> (reason or None, gates by name) of one hidden shape."""
    log = GateLog(TASK)
    calls = OpCalls(Kernel(trick), {2: shape}, TASK, torch.device("cpu"))
    try:
        probes.run_hidden_shapes(calls, {2: probes.STATE_INPUT}, log, lambda: None)
        reason = None
    except Fault as fault:
        reason = fault.reason
    return reason, {gate["name"]: gate for gate in log.results()}


def honest(outputs, given):
    """Leaves the outputs alone."""


def initial_handed_back(outputs, given):
    outputs["final_state"] = given[4].float()


def last_head_left_out(outputs, given):
    outputs["final_state"][:, -1] = 0.0


def not_finite(outputs, given):
    outputs["final_state"][0, 0, 0, 0] = math.nan


def initial_left_out(outputs, given):
    o, state = TASK.reference().op(*given[:4])
    outputs |= {"o": o.to(torch.bfloat16), "final_state": state.float()}


WITH_STATES = OpShape(257, batch=2, heads=3, state=True)


@pytest.mark.parametrize(
    ("trick", "reason", "failed"),
    [
        (honest, None, None),
        (initial_handed_back, "op_error", "state_rel_rms"),
        (last_head_left_out, "op_error", "state_rel_rms"),
        (not_finite, "op_error", "state_rel_rms"),
        # The output shows it too, and is looked at first.
        (initial_left_out, "wrong_output", "timed_rel_rms"),
    ],
)
def test_a_hidden_shape_with_states_is_held_to_its_output_and_its_final_state(trick, reason, failed):
    found, gates = hidden_gates(trick, WITH_STATES)
    assert found == reason
    assert failed is None or not gates[failed]["pass"]
    if failed != "timed_rel_rms":
        limit = TASK.limit("state_rel_rms", probes.STATE_INPUT, 512)
        assert (gates["state_rel_rms"]["length"], gates["state_rel_rms"]["limit"]) == (257, limit)


def test_other_hidden_shapes_have_no_state_to_compare():
    found, gates = hidden_gates(honest, OpShape(257, batch=2, heads=3))
    assert found is None and "timed_rel_rms" in gates and "state_rel_rms" not in gates
