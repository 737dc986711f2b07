"""Lengths that nobody was told: how they are timed, and what their times say."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from judge import secret_run
from judge.clock import growth, physics
from judge.faults import Fault
from judge.op_calls import OpShape

TARGET, NEAR = 1_000_000, 1_003_001


def test_a_quarter_and_a_half_of_the_target_in_whole_chunks():
    assert [shape.length for shape in growth.part_shapes(TARGET)] == [249_984, 499_968]
    assert [shape.length for shape in growth.part_shapes(100)] == [64, 64]


class Calls:
    """A worker whose calls take the given times, one after another."""

    def __init__(self, times):
        self.shapes, self._times, self.labels = {0: OpShape(1000)}, iter(times), []
        self.session = SimpleNamespace(call=self._call)

    def make(self, input_class, slot_id, label):
        self.labels.append(label)
        return ()

    def errors(self, inputs, output):
        return output

    def _call(self, slot_id, inputs, label):
        return SimpleNamespace(ns=next(self._times), outputs={"o": label})


class Gates:
    def __init__(self):
        self.seen = []

    def output(self, kind, errors, input_class, length):
        self.seen.append((kind, length))

    def raise_first_failure(self):
        """Nothing fails here."""


@pytest.mark.parametrize(("seen_ns", "calls"), [(1_000_000, 3), (2_000_000_000, 2)])
def test_the_least_of_the_calls_counts_less_the_judge_s_own_and_all_are_compared(seen_ns, calls):
    worker, gates, steps = Calls([900, 500, 700][:calls]), Gates(), []
    found = growth.least_ns(worker, [0], {0: seen_ns}, {"1000": 100}, gates, lambda: steps.append(1))
    assert found == {1000: 400}
    assert len(set(worker.labels)) == calls and gates.seen == [("timed", 1000)] * calls and len(steps) == 1


def measured(median_ns, spread=0.0):
    low, high = int(median_ns * (1 - spread)), int(median_ns * (1 + spread))
    one = {"input": growth.INPUT, "medianNs": median_ns, "ciLowNs": low, "ciHighNs": high, "p90Ns": high}
    return {"length": TARGET, "classes": [one]}


def require(near_ns, spread=0.0, half=50_000_000):
    grown = {NEAR: near_ns, 250_000: half // 2, 500_000: half}
    secret_run._require_sound({}, measured(100_000_000, spread), grown, NEAR, {})


def test_a_near_length_that_takes_as_long_is_sound():
    require(100_300_000)
    require(113_000_000)


def test_a_target_that_is_faster_than_its_neighbours_is_implausible():
    with pytest.raises(Fault, match="15% apart"):
        require(130_000_000)


@pytest.mark.parametrize(
    ("times", "flags"),
    [
        ((250_000, 700_000, 1_400_000), ["growth_not_judged", "near_length_not_judged"]),
        ((1_000_000, 2_000_000, 4_000_000), ["growth_not_judged", "near_length_not_judged"]),
        ((1_400_000, 2_800_000, 5_600_000), ["near_length_not_judged"]),
        ((1_750_000, 3_500_000, 7_000_000), []),
        ((100_000_000, 200_000_000, 400_000_000), []),
    ],
)
def test_calls_too_short_for_a_check_are_said_to_be(times, flags):
    grown = dict(zip((250_000, 500_000, NEAR), times, strict=True))
    assert secret_run._not_judged(grown, NEAR) == flags
    # What is not judged would pass with a target that takes no longer than its half.
    assert ("growth_not_judged" in flags) == (physics.stops_growing({**grown, NEAR: times[1]}) is None)


def test_what_varies_from_call_to_call_is_given_its_own_spread():
    require(118_000_000, spread=0.04)


def test_a_target_that_takes_no_longer_than_its_half_is_implausible():
    with pytest.raises(Fault, match="does not grow"):
        require(100_300_000, half=200_000_000)


def test_a_wide_spread_has_no_figure():
    with pytest.raises(Fault, match="half-width") as raised:
        require(100_300_000, spread=0.06)
    assert raised.value.reason == "unstable"
