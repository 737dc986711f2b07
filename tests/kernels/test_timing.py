"""When the rounds of a length end."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from judge.clock import timing
from judge.keys import Keys

CLASSES = ("a", "b", "c")
ENTRY = {"minRoundsPerClass": 5, "minRounds": 15, "maxSeconds": 90, "ownNs": {}}


def played(call_ns, seen_ns=None, asked=None, cuda=True):
    """Kept rounds of each class where every call takes as long, and the second prepare call took `seen_ns`.

    `asked` gets (slot, inputs, label) of every call.
    """
    asked = [] if asked is None else asked

    def call(*given):
        asked.append(given)
        return SimpleNamespace(ns=call_ns, outputs={"o": None})

    calls = SimpleNamespace(
        classes=CLASSES,
        make=lambda name, slot, label: tuple(torch.full((shape,), len(asked)) for shape in (4, 4, 4, 1)),
        errors=lambda inputs, output: None,
        session=SimpleNamespace(keys=Keys(bytes(32)), name="secret", call=call),
    )
    gates = SimpleNamespace(output=lambda *seen: None, raise_first_failure=lambda: None)
    rules = timing.rules(ENTRY, 1000, call_ns=seen_ns or call_ns, ranked=True, cuda=cuda, threads=1)
    if not cuda:
        rules = replace(rules, waiting=1)
    classes, _ = timing.measure(calls, (0, 1), 1000, rules, gates, lambda: None)
    return {c["rounds"] for c in classes}


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


def test_short_calls_are_warmed_up_in_the_same_slot_with_inputs_that_were_seen_before():
    asked = []
    played(1_000_000, asked=asked)
    first, *pairs = asked
    assert not first[2].endswith("/warm") and len(pairs) % 2 == 0
    seen = first[1]
    for warm, timed in zip(pairs[::2], pairs[1::2], strict=True):
        assert warm[2] == f"{timed[2]}/warm" and warm[0] == timed[0]
        q, k, v, beta = warm[1]
        assert q is k is v is seen[0] and beta is seen[3]
        assert not torch.equal(q, timed[1][0])
        seen = timed[1]


@pytest.mark.parametrize(("call_ns", "cuda"), [(timing.WARMED_UP_NS + 1, True), (1_000_000, False)])
def test_long_calls_and_calls_on_a_cpu_are_made_once(call_ns, cuda):
    asked = []
    played(call_ns, asked=asked, cuda=cuda)
    assert asked and not any(label.endswith("/warm") for _, _, label in asked)
