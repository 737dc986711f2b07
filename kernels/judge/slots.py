"""Memory shared with the worker: one slot per kind of call, laid out guard, inputs, guard, outputs, guard.

A windowed input carries WINDOW_ROWS spare rows; a call uses the rows that its nonce names, so that address, window and
values change every time. The judge keeps private masters: what lies in a slot is never believed.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

WINDOW_ROWS = 4096
GUARD_BYTES = 4096
ALIGN = 4096
BLOCK_BYTES = 32 * 1024
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


@dataclass(frozen=True)
class Field:
    """One tensor of a slot. `rows` > 0: a windowed input of that many rows (its first two dimensions, B x T)."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "bfloat16"
    windowed: bool = False

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * DTYPES[self.dtype].itemsize

    @property
    def row_bytes(self) -> int:
        return self.bytes // (self.shape[0] * self.shape[1]) if self.windowed else 0

    @property
    def region_bytes(self) -> int:
        return self.bytes + WINDOW_ROWS * self.row_bytes


@dataclass(frozen=True)
class Shape:
    """What a slot is for: `kind` names the worker's action, the fields its tensors. No class of input is in it."""

    kind: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]


class Slot(Protocol):
    """One place for a call. Orders are permutations of `input_blocks` or `output_blocks`, drawn from the key."""

    shape: Shape
    input_blocks: int
    output_blocks: int

    def poison(self) -> None: ...
    def fill(self, masters: Sequence[torch.Tensor], window: int, order: Sequence[int]) -> None: ...
    def snapshot(self, order: Sequence[int]) -> dict[str, torch.Tensor]: ...
    def unchanged(self, masters: Sequence[torch.Tensor], window: int) -> bool: ...
    def guards_intact(self) -> bool: ...


class Slots(Protocol):
    """All the slots of one worker, made before it starts, so that it cannot starve the judge of memory."""

    def descriptors(self) -> list[int]: ...
    def describe(self) -> list[dict]: ...
    def __getitem__(self, slot: int) -> Slot: ...
    def close(self) -> None: ...


class MemfdSlots:
    """Slots on sealed memory files of the host. `pattern` fills the guards and is secret."""

    def __init__(self, shapes: Sequence[Shape], pattern: bytes):
        self._slots = [MemfdSlot(shape, pattern) for shape in shapes]

    def descriptors(self) -> list[int]:
        return [slot.fd for slot in self._slots]

    def describe(self) -> list[dict]:
        return [slot.describe() for slot in self._slots]

    def __getitem__(self, slot: int) -> MemfdSlot:
        return self._slots[slot]

    def __len__(self) -> int:
        return len(self._slots)

    def close(self) -> None:
        for slot in self._slots:
            slot.close()


class MemfdSlot:
    def __init__(self, shape: Shape, pattern: bytes):
        self.shape = shape
        self._guards: list[int] = []
        self._offsets: dict[str, int] = {}
        end = self._guard(0)
        for field in shape.inputs:
            self._offsets[field.name] = end
            end = _aligned(end + field.region_bytes)
        end = self._guard(end)
        for field in shape.outputs:
            # Right against the guard, which begins where the last output ends.
            self._offsets[field.name] = end
            end += field.bytes
        end = _aligned(self._guard(end))
        self.size = end
        self.fd = _sealed_memory(end)
        self._map = mmap.mmap(self.fd, end, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        self._bytes = np.frombuffer(self._map, dtype=np.uint8)
        self._pattern = np.frombuffer((pattern * (GUARD_BYTES // len(pattern) + 1))[:GUARD_BYTES], dtype=np.uint8)
        for guard in self._guards:
            self._bytes[guard : guard + GUARD_BYTES] = self._pattern
        self._snapshots = {field.name: np.empty(field.bytes, dtype=np.uint8) for field in shape.outputs}
        self._in_blocks = [
            (index, start, min(start + BLOCK_BYTES, field.bytes))
            for index, field in enumerate(shape.inputs)
            for start in range(0, field.bytes, BLOCK_BYTES)
        ]
        self._out_blocks = [
            (field.name, start, min(start + BLOCK_BYTES, field.bytes))
            for field in shape.outputs
            for start in range(0, field.bytes, BLOCK_BYTES)
        ]
        self.input_blocks = len(self._in_blocks)
        self.output_blocks = len(self._out_blocks)

    def describe(self) -> dict:
        """What the worker needs to map the slot; goes to it once, at the start."""

        def fields(entries):
            return [
                {
                    "name": f.name,
                    "shape": f.shape,
                    "dtype": f.dtype,
                    "offset": self._offsets[f.name],
                    "row": f.row_bytes,
                }
                for f in entries
            ]

        shape = self.shape
        return {"kind": shape.kind, "size": self.size, "inputs": fields(shape.inputs), "outputs": fields(shape.outputs)}

    def poison(self) -> None:
        """Fills every output with NaN: a call that writes nothing has no finite answer."""
        for field in self.shape.outputs:
            # 0x7FC0 is a NaN in bf16, and 0x7FC07FC0 one in fp32.
            self._region(field).view(np.uint16)[:] = 0x7FC0

    def fill(self, masters, window, order) -> None:
        """Copies the masters in, block by block in the given order."""
        sources = [_raw(master) for master in masters]
        bases = [self._offsets[f.name] + window * f.row_bytes for f in self.shape.inputs]
        for block in order:
            index, start, end = self._in_blocks[block]
            base = bases[index]
            self._bytes[base + start : base + end] = sources[index][start:end]

    def snapshot(self, order) -> dict[str, torch.Tensor]:
        """A private copy of the outputs, taken block by block in the given order; valid until the next snapshot."""
        for block in order:
            name, start, end = self._out_blocks[block]
            base = self._offsets[name]
            self._snapshots[name][start:end] = self._bytes[base + start : base + end]
        return {
            f.name: torch.from_numpy(self._snapshots[f.name]).view(DTYPES[f.dtype]).view(f.shape)
            for f in self.shape.outputs
        }

    def unchanged(self, masters, window) -> bool:
        """Whether the inputs in the slot are still byte for byte the masters."""
        for field, master in zip(self.shape.inputs, masters, strict=True):
            base = self._offsets[field.name] + window * field.row_bytes
            if not np.array_equal(self._bytes[base : base + field.bytes], _raw(master)):
                return False
        return True

    def guards_intact(self) -> bool:
        return all(np.array_equal(self._bytes[g : g + GUARD_BYTES], self._pattern) for g in self._guards)

    def close(self) -> None:
        os.close(self.fd)
        self._bytes = self._snapshots = None
        self._map.close()

    def _region(self, field: Field) -> np.ndarray:
        offset = self._offsets[field.name]
        return self._bytes[offset : offset + field.bytes]

    def _guard(self, offset: int) -> int:
        self._guards.append(offset)
        return offset + GUARD_BYTES


def _raw(tensor: torch.Tensor) -> np.ndarray:
    if not tensor.is_contiguous():
        raise ValueError("a master must be contiguous")
    return tensor.view(-1).view(torch.uint8).numpy()


def _aligned(offset: int) -> int:
    return -(-offset // ALIGN) * ALIGN


def _sealed_memory(size: int) -> int:
    """A memory file of fixed size. Unsealed, a worker that truncates it would kill the judge by SIGBUS."""
    fd = os.memfd_create("slot", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd
