"""Slots on sealed memory files of the host, for a worker on the CPU."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Callable, Sequence

import numpy as np
import torch

from judge.slots.layout import DTYPES, Blocks, Layout, Piece, Shape
from judge.slots.shared_piece import SharedPiece
from judge.slots.slots import Command, Exchange, Given


class MemfdSlots:
    kind = "cpu"

    def __init__(self, shapes: Sequence[Shape], pattern: bytes):
        self._slots: list[MemfdSlot] = []
        try:
            for shape in shapes:
                self._slots.append(MemfdSlot(shape, pattern))
        except BaseException:
            self.close()
            raise

    def descriptors(self) -> list[int]:
        return [fd for slot in self._slots for fd in slot.descriptors]

    def describe(self) -> list[dict]:
        return [slot.layout.describe() for slot in self._slots]

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
        self.descriptors: list[int] = []
        try:
            self._inputs, self._outputs = (self._shared(piece, pattern) for piece in (layout.inputs, layout.outputs))
            self._snapshots = [np.empty(field.bytes, dtype=np.uint8) for field in shape.outputs]
        except BaseException:
            self.close()
            raise

    def _shared(self, piece: Piece, pattern: bytes) -> SharedPiece:
        self.descriptors.append(_sealed_memory(piece.size))
        return SharedPiece(piece, _mapped(self.descriptors[-1], piece.size), pattern)

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
        self._outputs.poison()

    def filler(self, masters: Sequence[torch.Tensor], window: int, order: np.ndarray) -> Callable[[], None]:
        """A function that copies the masters in."""
        piece = self.layout.inputs
        sources = [_raw(master) for master in masters]
        targets = [self._inputs.region(field, window).numpy() for field in piece.fields]
        return lambda: _copy_blocks(piece.blocks, order, sources, targets)

    def taker(self, order: np.ndarray) -> Callable[[], dict[str, torch.Tensor]]:
        """A function that takes a private copy of the outputs."""
        piece = self.layout.outputs
        sources = [self._outputs.region(field).numpy() for field in piece.fields]

        def take() -> dict[str, torch.Tensor]:
            _copy_blocks(piece.blocks, order, sources, self._snapshots)
            return {
                field.name: torch.from_numpy(copy).view(DTYPES[field.dtype]).view(field.shape)
                for field, copy in zip(piece.fields, self._snapshots, strict=True)
            }

        return take

    def unchanged(self, masters: Sequence[torch.Tensor], window: int) -> bool:
        return self._inputs.holds(masters, window)

    def guards_intact(self) -> bool:
        return self._inputs.guards_intact() and self._outputs.guards_intact()

    def close(self) -> None:
        while self.descriptors:
            os.close(self.descriptors.pop())
        # Unmapped when the last view is gone: a call that ended in a fault still holds some.
        self._inputs = self._outputs = self._snapshots = None


def _copy_blocks(blocks: Blocks, order: np.ndarray, sources: list[np.ndarray], targets: list[np.ndarray]) -> None:
    for number in order:
        field, start, end = blocks.field[number], blocks.start[number], blocks.end[number]
        targets[field][start:end] = sources[field][start:end]


def _raw(tensor: torch.Tensor) -> np.ndarray:
    if not tensor.is_contiguous():
        raise ValueError("a master must be contiguous")
    return tensor.view(-1).view(torch.uint8).numpy()


def _mapped(fd: int, size: int) -> torch.Tensor:
    return torch.frombuffer(mmap.mmap(fd, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE), dtype=torch.uint8)


def _sealed_memory(size: int) -> int:
    """A memory file of fixed size. Unsealed, a worker that truncates it would kill the judge by SIGBUS."""
    fd = os.memfd_create("slot", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, size)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except BaseException:
        os.close(fd)
        raise
    return fd
