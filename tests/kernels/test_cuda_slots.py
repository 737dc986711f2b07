"""What a GPU's slots queue and ring, with streams, words and copies that only note what was asked of them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("triton")
from judge.faults import Fault
from judge.slots import cuda
from judge.slots.cuda import CudaSlot, CudaSlots
from worker import bells

ADDRESS, SIZE = 1 << 40, 8192
NAMES = {ADDRESS + SIZE + bells.INPUTS: "inputs", ADDRESS + SIZE + bells.OUTPUTS: "outputs"}


@pytest.fixture
def asked(monkeypatch):
    """In order, what is queued on which stream."""
    noted = []
    stream = SimpleNamespace(name="own", query=lambda: True)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    for verb in ("wait", "write"):

        def note(stream, address, value, verb=verb):
            noted.append((stream.name, verb, NAMES.get(address, "gate"), value))

        monkeypatch.setattr(cuda.words, verb, note)
    return noted


def a_slot(noted, calls=3):
    slot = CudaSlot.__new__(CudaSlot)
    slot.layout, slot.region = SimpleNamespace(size=SIZE), SimpleNamespace(address=ADDRESS, close=lambda: None)
    slot._aside, slot._gate, slot._calls = SimpleNamespace(name="aside"), torch.zeros(1, dtype=torch.int32), calls
    slot._began, slot._ended = (
        SimpleNamespace(record=lambda name=name: noted.append((name, int(slot._gate[0]))), query=lambda: False)
        for name in ("began", "ended")
    )
    slot._fill, slot._take = lambda: noted.append("in"), lambda: noted.append("out")
    return slot


SIDE = [
    ("own", "wait", "gate", 3),
    ("began", 0),
    "in",
    ("own", "write", "inputs", 3),
    ("own", "wait", "outputs", 3),
    "out",
    ("ended", 0),
]


def test_the_clock_is_around_both_copies_and_begins_when_all_is_queued(asked):
    slot = a_slot(asked)
    slot.play(look_now=False)
    assert asked == SIDE and int(slot._gate[0]) == 3


def test_leave_to_look_now_is_given_before_the_clock_begins(asked):
    a_slot(asked).play(look_now=True)
    assert asked == [*SIDE, ("aside", "write", "outputs", 3)]


def test_release_opens_the_gate_and_rings_both_bells_aside(asked):
    slot = a_slot(asked)
    slot.release()
    assert asked == [("aside", "write", "inputs", 3), ("aside", "write", "outputs", 3)] and int(slot._gate[0]) == 3


def test_a_copy_that_never_ends_is_a_timeout(asked, monkeypatch):
    monkeypatch.setattr(cuda, "END_SECONDS", 0.0)
    with pytest.raises(Fault) as raised:
        a_slot(asked).ns()
    assert raised.value.reason == "timeout"


class Places:
    """Two slots of a worker that set a bell back: the judge's stream is free when that one was rung often enough."""

    def __init__(self, often):
        self.often, self.rung, self.closed = often, [0, 0], []
        self.slots = CudaSlots.__new__(CudaSlots)
        self.slots._slots = [
            SimpleNamespace(
                release=lambda i=i: self._ring(i), region=SimpleNamespace(close=lambda i=i: self.closed.append(i))
            )
            for i in range(2)
        ]

    def _ring(self, i):
        self.rung[i] += 1

    def query(self):
        return self.rung[1] >= self.often


def test_no_slot_is_closed_before_the_judge_s_stream_is_free(monkeypatch):
    places = Places(often=5)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: places)
    places.slots.close()
    assert places.rung == [5, 5] and places.closed == [0, 1] and len(places.slots) == 0


def test_a_stream_that_stays_stuck_holds_up_no_verdict(monkeypatch):
    places = Places(often=10**9)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: places)
    monkeypatch.setattr(cuda, "END_SECONDS", 0.01)
    places.slots.close()
    assert places.closed == []
