"""What a GPU's slots queue and ring, with streams, words and copies that only note what was asked of them."""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
from types import SimpleNamespace

import pytest
import torch
from judge import wire
from judge.faults import Fault, Refused
from judge.op_calls import OpShape
from judge.slots import cuda, gpu_turn
from judge.slots.cuda import CudaSlot, CudaSlots
from judge.slots.gpu_turn import GpuTurn
from judge.slots.slots import Answer, Exchange, Given
from worker import bells, cuda_memory

ADDRESS = 1 << 40
NAMES = {ADDRESS + bells.INPUTS: "inputs", ADDRESS + bells.OUTPUTS: "outputs"}


@pytest.fixture
def asked(monkeypatch):
    """In order, what is queued on which stream."""
    noted, zeros = [], torch.zeros
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: SimpleNamespace(name="own"))
    monkeypatch.setattr(torch, "zeros", lambda *size, dtype, pin_memory: zeros(*size, dtype=dtype))
    for verb in ("wait", "write"):

        def note(stream, address, value, verb=verb):
            noted.append((stream.name, verb, NAMES.get(address, "gate"), value))

        monkeypatch.setattr(gpu_turn.words, verb, note)
    monkeypatch.setattr(torch.cuda, "Event", lambda enable_timing: SimpleNamespace(query=lambda: False))
    return noted


def a_turn(noted):
    """Of a slot's third call."""
    turn = GpuTurn(ADDRESS, SimpleNamespace(name="aside"))
    for name in ("began", "ended"):
        event = getattr(turn, f"_{name}")
        event.record = lambda name=name: noted.append((name, int(turn._gate[0])))
    for _ in range(3):
        turn.next(lambda: noted.append("in"), lambda: noted.append("out"))
    noted.clear()
    return turn


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
    turn = a_turn(asked)
    turn.play(look_now=False)
    assert asked == SIDE and int(turn._gate[0]) == 3


def test_leave_to_look_now_is_given_before_the_clock_begins(asked, monkeypatch):
    turn, seen = a_turn(asked), []
    write = gpu_turn.words.write

    def noting(stream, *rest):
        seen.append((stream.name, int(turn._gate[0])))
        write(stream, *rest)

    monkeypatch.setattr(gpu_turn.words, "write", noting)
    turn.play(look_now=True)
    assert asked == [*SIDE, ("aside", "write", "outputs", 3)]
    assert seen == [("own", 0), ("aside", 0)] and int(turn._gate[0]) == 3


def test_release_opens_the_gate_and_rings_both_bells_aside(asked):
    turn = a_turn(asked)
    turn.release()
    assert asked == [("aside", "write", "inputs", 3), ("aside", "write", "outputs", 3)] and int(turn._gate[0]) == 3


def test_a_copy_that_never_ends_is_a_timeout(asked, monkeypatch):
    monkeypatch.setattr(gpu_turn, "END_SECONDS", 0.0)
    with pytest.raises(Fault) as raised:
        a_turn(asked).ns()
    assert raised.value.reason == "timeout"


def test_outputs_are_poisoned_before_a_call_is_begun(monkeypatch):
    done, slot, given = [], CudaSlot.__new__(CudaSlot), Given(("q",), 7, ("in", "out"))
    monkeypatch.setattr(slot, "_filler", lambda masters, window, order: (masters, window, order), raising=False)
    monkeypatch.setattr(slot, "_taker", lambda order: (order, {"o": "answer"}), raising=False)
    monkeypatch.setattr(slot, "poison", lambda: done.append("poisoned"))
    slot.turn = SimpleNamespace(next=lambda *copies: done.append(copies))

    def take_turn(turn, command, clock):
        assert (turn, command, clock) == (slot.turn, "command", "clock")
        done.append("taken")
        return 3, 5, Answer(wire.OK, 4)

    monkeypatch.setattr(cuda, "take_turn", take_turn)
    exchanged = slot.exchange(given, "command", "clock")
    assert exchanged == Exchange(3, 5, Answer(wire.OK, 4), {"o": "answer"})
    assert done == ["poisoned", ((("q",), 7, "in"), "out"), "taken"]


@pytest.fixture
def regions(monkeypatch):
    """The regions that are open, in memory of the host."""
    opened = []

    class Region:
        def __init__(self, size):
            self.address, self.size = ADDRESS * (len(opened) + 1), size + 4096
            self.bytes = torch.zeros(self.size, dtype=torch.uint8)
            opened.append(self)

        def close(self):
            opened.remove(self)

    monkeypatch.setattr(cuda, "SharedRegion", Region)
    return opened


@pytest.mark.parametrize("part", ["SharedPiece", "_Table", "GpuTurn"])
def test_a_slot_that_cannot_be_made_gives_its_memory_back(regions, monkeypatch, part):
    for name in ("_Table", "GpuTurn"):
        monkeypatch.setattr(cuda, name, lambda *given: SimpleNamespace(compile=lambda address: None))
    monkeypatch.setattr(cuda, part, lambda *given: (_ for _ in ()).throw(torch.OutOfMemoryError("full")))
    with pytest.raises(torch.OutOfMemoryError):
        CudaSlot(OpShape(64).slot(), bytes(32), None)
    assert regions == []


def test_all_of_both_memories_is_described_and_the_bells_lie_behind_the_outputs(regions, monkeypatch):
    rung = []
    monkeypatch.setattr(cuda, "_Table", lambda *given: SimpleNamespace(compile=lambda address: None))
    monkeypatch.setattr(cuda, "GpuTurn", lambda bells, aside: rung.append(bells))
    slot = CudaSlot(OpShape(64).slot(), bytes(32), None)
    inputs, outputs = regions
    assert [slot.describe()[side]["size"] for side in ("inputs", "outputs")] == [inputs.size, outputs.size]
    assert rung == [outputs.address + slot.layout.outputs.size] == [outputs.address + slot.describe()["bells"]]
    assert len(outputs.bytes) >= slot.layout.outputs.size + gpu_turn.BELL_BYTES
    assert slot.regions == [inputs, outputs]


def test_a_driver_without_words_is_refused_before_a_submission_runs(asked, monkeypatch):
    def lacking(*given):
        raise AttributeError("undefined symbol: cuStreamWriteValue32_v2")

    monkeypatch.setattr(gpu_turn.words, "write", lacking)
    with pytest.raises(Refused, match="install a newer one"):
        GpuTurn(ADDRESS, SimpleNamespace(name="aside"))


class Driver:
    """What the worker asks of the CUDA driver."""

    def __init__(self, status=0):
        self.asked, self.status = [], status

    def __getattr__(self, operation):
        def call(stream, address, value, flags):
            self.asked.append((operation, address.value, value.value, flags.value))
            return self.status

        return call


def the_worker_s(driver, monkeypatch):
    monkeypatch.setattr(cuda_memory, "driver", lambda: driver)
    made = bells.Bells.__new__(bells.Bells)
    made.address, made.calls, made.stream = ADDRESS, 0, ctypes.c_void_p(0)
    return made


def test_the_worker_waits_and_rings_with_the_number_of_its_call(monkeypatch):
    driver = Driver()
    made = the_worker_s(driver, monkeypatch)
    for _ in range(2):
        made.await_inputs()
        made.ring()
    waits, writes = "cuStreamWaitValue32_v2", "cuStreamWriteValue32_v2"
    assert [(op, NAMES[address], value, flags) for op, address, value, flags in driver.asked] == [
        (waits, "inputs", 1, gpu_turn.words.AT_LEAST),
        (writes, "outputs", 1, gpu_turn.words.PLAIN),
        (waits, "inputs", 2, gpu_turn.words.AT_LEAST),
        (writes, "outputs", 2, gpu_turn.words.PLAIN),
    ]


def test_a_driver_that_refuses_the_worker_is_an_error(monkeypatch):
    with pytest.raises(RuntimeError, match="801"):
        the_worker_s(Driver(status=801), monkeypatch).await_inputs()


BASE, SIZE = 0x302000000, 6 << 20


def test_the_worker_s_memory_lies_where_chance_puts_it(monkeypatch):
    monkeypatch.setattr(cuda_memory, "room", functools.cache(lambda: cuda_memory.Room(BASE)))
    asked = []
    monkeypatch.setattr(cuda_memory, "call", lambda name, address, *rest: asked.append((name, address)))
    monkeypatch.setattr(torch, "as_tensor", lambda view, device: view.__cuda_array_interface__["data"][0])
    found = [cuda_memory.mapped(os.open(os.devnull, os.O_RDONLY), SIZE) for _ in range(50)]
    assert [address.value for name, address in asked if name == "cuMemMap"] == found
    assert all(BASE <= address <= BASE + cuda_memory.ROOM_BYTES - SIZE for address in found)
    assert len({b - a for a, b in itertools.pairwise(found)}) == 49, "one address says nothing of the next"


def test_no_two_pieces_of_the_worker_s_memory_overlap(monkeypatch):
    monkeypatch.setattr(cuda_memory, "ROOM_BYTES", 64 << 20)
    room = cuda_memory.Room(BASE)
    places = sorted(room.place(SIZE) for _ in range(4))
    assert all(b - a >= SIZE for a, b in itertools.pairwise(places))
    assert places[0] >= BASE and places[-1] + SIZE <= BASE + (64 << 20)


class Places:
    """Two slots of a worker that set a bell back: the judge's stream is free when that one was rung often enough."""

    def __init__(self, often, aside_free=True):
        self.often, self.rung, self.closed = often, [0, 0], []
        self.slots = CudaSlots.__new__(CudaSlots)
        self.slots._aside = SimpleNamespace(query=lambda: aside_free)
        self.slots._slots = [
            SimpleNamespace(
                turn=SimpleNamespace(release=lambda i=i: self._ring(i)),
                close=lambda i=i: self.closed.append(i),
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


@pytest.mark.parametrize("aside_free", [True, False])
def test_a_stream_that_stays_stuck_holds_up_no_verdict(monkeypatch, aside_free):
    places = Places(10**9, aside_free)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: places)
    monkeypatch.setattr(cuda, "END_SECONDS", 0.01)
    places.slots.close()
    assert places.closed == [] and (sum(places.rung) > 0) == aside_free
