"""When the rounds of a length end."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from judge.clock import timing, warm_up
from judge.keys import Keys
from judge.session import Call

CLASSES = ("a", "b", "c")
ENTRY = {"minRoundsPerClass": 5, "minRounds": 15, "maxSeconds": 90, "ownNs": {}}


def played(call_ns, seen_ns=None, asked=None, cuda=True, warm_ns=None):
    """Kept rounds of each class where every call takes as long, and the second prepare call took `seen_ns`.

    `asked` gets (slot, inputs, label) of every call.
    """
    return {c["rounds"] for c in summaries(call_ns, seen_ns, asked, cuda, warm_ns)}


def summaries(call_ns, seen_ns=None, asked=None, cuda=True, warm_ns=None, first_ns=None):
    """`warm_ns`: what every warm-up takes; `first_ns`: what the two rounds take that never count."""
    asked = [] if asked is None else asked

    def call(*given):
        asked.append(given)
        if given[2].endswith("/warm"):
            session.inconsistent += 1
            return Call(call_ns if warm_ns is None else warm_ns, {"o": None})
        return Call(first_ns if first_ns and given[2] in ("1000/0", "1000/1") else call_ns, {"o": None})

    session = SimpleNamespace(keys=Keys(bytes(32)), name="secret", call=call, inconsistent=0)

    calls = SimpleNamespace(
        classes=CLASSES,
        make=lambda name, slot, label: tuple(torch.full((shape,), len(asked)) for shape in (4, 4, 4, 1)),
        errors=lambda inputs, output: None,
        session=session,
    )
    gates = SimpleNamespace(output=lambda *seen: None, raise_first_failure=lambda: None)
    rules = timing.rules(ENTRY, 1000, call_ns=seen_ns or call_ns, ranked=True, cuda=cuda, threads=1)
    if not cuda:
        rules = replace(rules, waiting=1)
    classes, _ = timing.measure(calls, (0, 1), 1000, rules, gates, lambda: None)
    assert session.inconsistent == 0  # nobody looks at a warm-up's account of the time
    return classes


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


@pytest.mark.parametrize(("call_ns", "cuda"), [(warm_up.WARMED_UP_NS + 1, True), (1_000_000, False)])
def test_long_calls_and_calls_on_a_cpu_are_made_once(call_ns, cuda):
    asked = []
    played(call_ns, asked=asked, cuda=cuda)
    assert asked and not any(label.endswith("/warm") for _, _, label in asked)


def test_a_warm_up_may_take_twice_the_call_and_a_little():
    spare = 2 * 1_000_000 + warm_up.SPARE_NS
    assert {c["medianNs"] for c in summaries(1_000_000, warm_ns=spare)} == {1_000_000}


def test_a_worker_that_waits_in_its_warm_ups_is_timed_waiting():
    spare = 2 * 1_000_000 + warm_up.SPARE_NS
    assert {c["medianNs"] for c in summaries(1_000_000, warm_ns=spare + 7_000_000)} == {8_000_000}


def test_a_series_is_as_short_as_that_of_slow_calls_only_if_calls_that_count_are_slow():
    assert {c["rounds"] for c in summaries(1_000_000, timing.SLOW_NS + 1, first_ns=20_000_000_000)} == {6}
