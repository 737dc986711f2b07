"""Slots on sealed memory files of the host, for a worker on the CPU."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Callable, Sequence

import numpy as np
import torch

from judge.slots.layout import DTYPES, GUARD_BYTES, Blocks, Field, Layout, Shape, guard_bytes
from judge.slots.slots import Command, Exchange, Given


class MemfdSlots:
    kind = "cpu"

    def __init__(self, shapes: Sequence[Shape], pattern: bytes):
        self._slots = [MemfdSlot(shape, pattern) for shape in shapes]

    def descriptors(self) -> list[int]:
        return [slot.fd for slot in self._slots]

    def describe(self) -> list[dict]:
        return [slot.layout.describe(slot.layout.size) for slot in self._slots]

    def __getitem__(self, slot: int) -> MemfdSlot:
        return self._slots[slot]

    def __len__(self) -> int:
        return len(self._slots)

    def close(self) -> None:
        for slot in self._slots:
            slot.close()


class MemfdSlot:
    def __init__(self, shape: Shape, pattern: bytes):
        self.layout = layout = Layout(shape)
        self.fd = _sealed_memory(layout.size)
        self._map = mmap.mmap(self.fd, layout.size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        self._bytes = np.frombuffer(self._map, dtype=np.uint8)
        self._pattern = np.frombuffer(guard_bytes(pattern), dtype=np.uint8)
        for guard in layout.guards:
            self._bytes[guard : guard + GUARD_BYTES] = self._pattern
        self._snapshots = [np.empty(field.bytes, dtype=np.uint8) for field in shape.outputs]

    def exchange(self, given: Given, command: Command, clock: Callable[[], int]) -> Exchange:
        fill, take = self.filler(given.masters, given.window, given.orders[0]), self.taker(given.orders[1])
        self.poison()
        began = clock()
        fill()
        command.send()
        answer = command.answer()
        answered = clock()
        outputs = take()
        return Exchange(clock() - began, answered - began, answer, outputs)

    def poison(self) -> None:
        for field in self.layout.shape.outputs:
            # 0x7FC0 is a NaN in bf16, and 0x7FC07FC0 one in fp32.
            self._region(field).view(np.uint16)[:] = 0x7FC0

    def filler(self, masters: Sequence[torch.Tensor], window: int, order: np.ndarray) -> Callable[[], None]:
        """A function that copies the masters in."""
        layout = self.layout
        sources = [_raw(master) for master in masters]
        targets = [self._region(field, window) for field in layout.shape.inputs]
        return lambda: _copy_blocks(layout.input_blocks, order, sources, targets)

    def taker(self, order: np.ndarray) -> Callable[[], dict[str, torch.Tensor]]:
        """A function that takes a private copy of the outputs."""
        layout = self.layout
        sources = [self._region(field) for field in layout.shape.outputs]

        def take() -> dict[str, torch.Tensor]:
            _copy_blocks(layout.output_blocks, order, sources, self._snapshots)
            return {
                field.name: torch.from_numpy(copy).view(DTYPES[field.dtype]).view(field.shape)
                for field, copy in zip(layout.shape.outputs, self._snapshots, strict=True)
            }

        return take

    def unchanged(self, masters: Sequence[torch.Tensor], window: int) -> bool:
        for field, master in zip(self.layout.shape.inputs, masters, strict=True):
            if not np.array_equal(self._region(field, window), _raw(master)):
                return False
        return True

    def guards_intact(self) -> bool:
        return all(np.array_equal(self._bytes[g : g + GUARD_BYTES], self._pattern) for g in self.layout.guards)

    def close(self) -> None:
        os.close(self.fd)
        # Unmapped when the last view is gone: a call that ended in a fault still holds some.
        self._bytes = self._snapshots = self._map = None

    def _region(self, field: Field, window: int = 0) -> np.ndarray:
        offset = self.layout.offset(field, window)
        return self._bytes[offset : offset + field.bytes]


def _copy_blocks(blocks: Blocks, order: np.ndarray, sources: list[np.ndarray], targets: list[np.ndarray]) -> None:
    for number in order:
        field, start, end = blocks.field[number], blocks.start[number], blocks.end[number]
        targets[field][start:end] = sources[field][start:end]


def _raw(tensor: torch.Tensor) -> np.ndarray:
    if not tensor.is_contiguous():
        raise ValueError("a master must be contiguous")
    return tensor.view(-1).view(torch.uint8).numpy()


def _sealed_memory(size: int) -> int:
    """A memory file of fixed size. Unsealed, a worker that truncates it would kill the judge by SIGBUS."""
    fd = os.memfd_create("slot", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd
