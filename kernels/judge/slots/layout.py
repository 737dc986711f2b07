"""Where things lie in a slot, with a guard around each; and the blocks that copies are made of. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

WINDOW_ROWS = 4096
GUARD_BYTES = 4096  # at least
ALIGN = 4096
BLOCK_BYTES = 32 * 1024
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


@dataclass(frozen=True)
class Field:
    """One tensor of a slot. A windowed input [B, T, ...] has WINDOW_ROWS spare rows to move in."""

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

    @property
    def tokens(self) -> int:
        """Length of its sequences: the first output, of whatever kind, is [B, T, ...]."""
        return self.outputs[0].shape[1]


class Blocks:
    """Block number i is the bytes start[i] to end[i] of field number field[i]: what one step of a copy moves."""

    def __init__(self, fields: tuple[Field, ...]):
        starts = [np.arange(0, field.bytes, BLOCK_BYTES, dtype=np.int64) for field in fields]
        counts = [len(of_field) for of_field in starts]
        self.field = np.repeat(np.arange(len(fields), dtype=np.int32), counts)
        self.start = np.concatenate(starts)
        self.end = np.minimum(self.start + BLOCK_BYTES, np.repeat([field.bytes for field in fields], counts))

    def __len__(self) -> int:
        return len(self.field)


class Piece:
    """Offsets of fields in one memory of `size` bytes. `guards`: from and to of all between, before and behind them."""

    def __init__(self, fields: tuple[Field, ...]):
        self.fields = fields
        self.guards: list[tuple[int, int]] = []
        self._offsets: dict[str, int] = {}
        end = 0
        for field in fields:
            start = _aligned(end + GUARD_BYTES)
            self.guards.append((end, start))
            self._offsets[field.name] = start
            end = start + field.region_bytes
        self.size = _aligned(end + GUARD_BYTES)
        self.guards.append((end, self.size))
        self.blocks = Blocks(fields)

    def offset(self, field: Field, window: int = 0) -> int:
        return self._offsets[field.name] + window * field.row_bytes

    def describe(self) -> dict:
        fields = [
            {"name": f.name, "shape": f.shape, "dtype": f.dtype, "offset": self.offset(f), "row": f.row_bytes}
            for f in self.fields
        ]
        return {"size": self.size, "fields": fields}


class Layout:
    """Inputs and outputs of a shape lie apart: an input's address says nothing of where an output is."""

    def __init__(self, shape: Shape):
        self.shape = shape
        self.inputs, self.outputs = Piece(shape.inputs), Piece(shape.outputs)

    def orders(self, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Of the blocks of a copy in and of a copy out, drawn from `stream`."""
        return stream.permutation(len(self.inputs.blocks)), stream.permutation(len(self.outputs.blocks))

    def describe(self) -> dict:
        """What the worker needs to map the slot; goes to it once, at the start."""
        return {"kind": self.shape.kind, "inputs": self.inputs.describe(), "outputs": self.outputs.describe()}


def _aligned(offset: int) -> int:
    return -(-offset // ALIGN) * ALIGN
