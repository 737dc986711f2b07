"""When the rounds of a length end."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from judge.clock import timing
from judge.keys import Keys
from judge.session import Call

CLASSES = ("a", "b", "c")
ENTRY = {"minRoundsPerClass": 5, "minRounds": 15, "maxSeconds": 90, "ownNs": {}}


def played(call_ns, seen_ns=None):
    """Kept rounds of each class where every call takes as long, and the second prepare call took `seen_ns`."""
    return {c["rounds"] for c in summaries(call_ns, seen_ns)}


def summaries(call_ns, seen_ns=None, first_ns=None):
    """`first_ns`: what the two rounds take that never count."""

    def call(slot_id, inputs, label):
        return Call(first_ns if first_ns and label in ("1000/0", "1000/1") else call_ns, {"o": None})

    calls = SimpleNamespace(
        classes=CLASSES,
        make=lambda *drawn: (),
        errors=lambda inputs, output: None,
        session=SimpleNamespace(keys=Keys(bytes(32)), name="secret", call=call),
    )
    gates = SimpleNamespace(output=lambda *seen: None, raise_first_failure=lambda: None)
    rules = timing.rules(ENTRY, 1000, call_ns=seen_ns or call_ns, ranked=True, cuda=True, threads=1)
    return timing.measure(calls, (0, 1), 1000, rules, gates, lambda: None)[0]


@pytest.fixture(autouse=True)
def no_outputs(monkeypatch):
    monkeypatch.setattr(timing.digests, "of_output", lambda output, stream: "")


def test_steady_calls_end_with_the_first_block():
    assert played(1_000_000) == {5}


def test_slow_calls_have_two_rounds():
    assert played(timing.SLOW_NS + 1) == {2}


def test_a_kernel_that_was_slow_only_while_it_was_prepared_gets_no_shorter_series():
    assert played(1_000_000, timing.SLOW_NS + 1) == {6}


def test_a_class_may_have_more_than_its_share_until_there_are_enough_in_all(monkeypatch):
    monkeypatch.setitem(ENTRY, "minRounds", 16)
    assert played(1_000_000) == {10}


def test_a_series_is_as_short_as_that_of_slow_calls_only_if_calls_that_count_are_slow():
    assert {c["rounds"] for c in summaries(1_000_000, timing.SLOW_NS + 1, first_ns=20_000_000_000)} == {6}
