"""When the rounds of a length end."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from judge.clock import timing
from judge.keys import Keys

CLASSES = ("a", "b", "c")
ENTRY = {"minRoundsPerClass": 5, "minRounds": 15, "maxSeconds": 90, "ownNs": {}}


def played(call_ns, slow):
    """Kept rounds of each class where every call takes as long, and its second prepare call was `slow`."""
    calls = SimpleNamespace(
        classes=CLASSES,
        make=lambda *drawn: (),
        errors=lambda inputs, output: None,
        session=SimpleNamespace(
            keys=Keys(bytes(32)),
            name="secret",
            call=lambda *asked: SimpleNamespace(ns=call_ns, outputs={"o": None}),
        ),
    )
    gates = SimpleNamespace(output=lambda *seen: None, raise_first_failure=lambda: None)
    rules = timing.rules(ENTRY, 1000, slow=slow, ranked=True, cuda=True, threads=1)
    classes, _ = timing.measure(calls, (0, 1), 1000, rules, gates, lambda: None)
    return {c["rounds"] for c in classes}


@pytest.fixture(autouse=True)
def no_outputs(monkeypatch):
    monkeypatch.setattr(timing.digests, "of_output", lambda output, stream: "")


def test_steady_calls_end_with_the_first_block():
    assert played(1_000_000, slow=False) == {5}


def test_slow_calls_have_two_rounds():
    assert played(timing.SLOW_NS + 1, slow=True) == {2}


def test_a_kernel_that_was_slow_only_while_it_was_prepared_gets_no_shorter_series():
    assert played(1_000_000, slow=True) == {6}


def test_a_class_may_have_more_than_its_share_until_there_are_enough_in_all(monkeypatch):
    monkeypatch.setitem(ENTRY, "minRounds", 16)
    assert played(1_000_000, slow=False) == {10}
