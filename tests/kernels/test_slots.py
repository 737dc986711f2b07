from __future__ import annotations

import errno
import fcntl
import gc
import mmap
import os

import numpy as np
import pytest
import torch
from judge.op_calls import OpShape
from judge.slots import memfd
from judge.slots.layout import GUARD_BYTES, WINDOW_ROWS
from judge.slots.memfd import MemfdSlots


@pytest.fixture
def slots():
    made = MemfdSlots([OpShape(64, 2, 4, 16, state=True).slot(), OpShape(64, 1, 4, 16).slot()], b"secret pattern")
    yield made
    made.close()


def masters(slot, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(f.shape, generator=generator).to(torch.bfloat16) for f in slot.layout.shape.inputs)


SIDES = ("inputs", "outputs")


def memory_of(slots, index, side):
    """All that the worker maps of one side of a slot."""
    fd = slots.descriptors()[2 * index + SIDES.index(side)]
    return torch.frombuffer(mmap.mmap(fd, slots.describe()[index][side]["size"]), dtype=torch.uint8)


def as_worker_sees(slots, index, field, window):
    description = slots.describe()[index]
    side, entry = next((s, f) for s in SIDES for f in description[s]["fields"] if f["name"] == field)
    memory = memory_of(slots, index, side)
    start = entry["offset"] + window * entry["row"]
    size = 2
    for n in entry["shape"]:
        size *= n
    if entry["dtype"] == "float32":
        return memory[start : start + 2 * size].view(torch.float32).view(entry["shape"])
    return memory[start : start + size].view(torch.bfloat16).view(entry["shape"])


class Full:
    """Stands for a function; its calls fail from number `works` on."""

    def __init__(self, done, works):
        self._done, self._left = done, works

    def __call__(self, *given):
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        return self._done(*given)


def open_files():
    gc.collect()  # a map keeps a descriptor of its own
    return set(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("works", range(4))
@pytest.mark.parametrize(("owner", "name"), [(os, "ftruncate"), (memfd, "_mapped"), (memfd, "SharedPiece")])
def test_slots_that_cannot_all_be_made_give_back_what_they_took(monkeypatch, owner, name, works):
    before = open_files()
    monkeypatch.setattr(owner, name, Full(getattr(owner, name), works))
    with pytest.raises(OSError, match="Cannot allocate memory"):
        MemfdSlots([OpShape(64, 1, 4, 16).slot()] * 2, b"secret pattern")
    assert open_files() == before


def test_slots_that_were_closed_close_nothing_more():
    made = MemfdSlots([OpShape(64, 1, 4, 16).slot()], b"secret pattern")
    made.close()
    stranger = os.open(os.devnull, os.O_RDONLY)
    made.close()
    os.close(stranger)


@pytest.mark.parametrize("size", [0, 1 << 30])
def test_the_worker_can_neither_shrink_nor_grow_a_slot(slots, size):
    for fd in slots.descriptors():
        with pytest.raises(PermissionError):
            os.ftruncate(fd, size)


def test_no_further_seal_can_be_set(slots):
    with pytest.raises(PermissionError):
        fcntl.fcntl(slots.descriptors()[0], fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)


@pytest.mark.parametrize("window", [0, 1, 1234, WINDOW_ROWS])
def test_inputs_arrive_at_their_window_in_any_block_order(slots, window):
    slot = slots[0]
    given = masters(slot)
    slot.filler(given, window, np.arange(len(slot.layout.inputs.blocks))[::-1])()
    for field, master in zip(slot.layout.shape.inputs, given, strict=True):
        assert torch.equal(as_worker_sees(slots, 0, field.name, window), master)
    assert slot.unchanged(given, window)
    assert slot.guards_intact()


def test_outputs_are_poisoned_with_nan(slots):
    slots[0].poison()
    for field in slots[0].layout.shape.outputs:
        assert torch.isnan(as_worker_sees(slots, 0, field.name, 0)).all()
    assert slots[0].guards_intact()


def test_a_snapshot_is_private(slots):
    slot = slots[1]
    view = as_worker_sees(slots, 1, "o", 0)
    view.fill_(2)
    taken = slot.taker(np.arange(len(slot.layout.outputs.blocks)))()["o"]
    view.fill_(3)
    assert torch.equal(taken, torch.full(taken.shape, 2, dtype=torch.bfloat16))


@pytest.mark.parametrize("field", ["q", "k", "v", "beta"])
def test_one_changed_byte_of_an_input_is_seen(slots, field):
    slot = slots[1]
    given = masters(slot)
    slot.filler(given, 7, np.arange(len(slot.layout.inputs.blocks)))()
    as_worker_sees(slots, 1, field, 7).view(-1).view(torch.uint8)[-1] ^= 1
    assert not slot.unchanged(given, 7)


@pytest.mark.parametrize("side", SIDES)
def test_a_byte_written_next_to_any_field_is_seen(slots, side):
    slot = slots[0]
    piece, memory = getattr(slot.layout, side), memory_of(slots, 0, side)
    for field in piece.fields:
        first = piece.offset(field)
        behind = first + field.region_bytes
        for place in (first - GUARD_BYTES, first - 1, behind, behind + GUARD_BYTES - 1):
            memory[place] ^= 1
            assert not slot.guards_intact(), (field.name, place - first)
            memory[place] ^= 1
    assert slot.guards_intact()


def test_outputs_are_in_no_memory_that_an_input_is_in(slots):
    """So that no view of an input's storage reaches them."""
    for index, slot in enumerate(slots):
        slot.poison()
        poison = memory_of(slots, index, "outputs").view(torch.int16) == 0x7FC0
        assert poison.sum() * 2 == sum(field.bytes for field in slot.layout.outputs.fields)
        assert not (memory_of(slots, index, "inputs").view(torch.int16) == 0x7FC0).any()
    assert len(set(slots.descriptors())) == 2 * len(slots)


def test_nothing_in_a_description_names_an_input_class(slots):
    described = [entry[side] for entry in slots.describe() for side in SIDES]
    assert {key for entry in slots.describe() for key in entry} == {"kind", *SIDES}
    assert {key for side in described for key in side} == {"size", "fields"}
    names = {"name", "shape", "dtype", "offset", "row"}
    assert {key for side in described for field in side["fields"] for key in field} == names
