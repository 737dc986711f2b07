"""Slots in the memory of the GPU, shared with the worker as descriptors; kernels copy, in a secret block order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import triton
import triton.language as tl

from judge.gpu.cuda_memory import SharedRegion
from judge.slots.layout import BLOCK_BYTES, DTYPES, GUARD_BYTES, Blocks, Field, Layout, Shape, guard_bytes

NAN = 0x7FC0  # in bf16; twice it is one in fp32


@triton.jit
def _copy_blocks(order, fields, starts, sizes, sources, targets, WORDS: tl.constexpr):
    """Program i copies block order[i]: `sizes` bytes from sources[field] + start to targets[field] + start."""
    block = tl.load(order + tl.program_id(0))
    field = tl.load(fields + block)
    start = tl.load(starts + block)
    size = tl.load(sizes + block)
    source = tl.multiple_of(tl.load(sources + field) + start, 16)
    target = tl.multiple_of(tl.load(targets + field) + start, 16)
    word = tl.arange(0, WORDS)
    inside = word * 4 + 4 <= size
    value = tl.load(source.to(tl.pointer_type(tl.int32)) + word, mask=inside)
    tl.store(target.to(tl.pointer_type(tl.int32)) + word, value, mask=inside)
    # A tensor of bf16 may end in half a word.
    odd = size % 4 != 0
    last = (size - 2) // 2
    tail = tl.load(source.to(tl.pointer_type(tl.int16)) + last, mask=odd)
    tl.store(target.to(tl.pointer_type(tl.int16)) + last, tail, mask=odd)


class CudaSlots:
    def __init__(self, shapes: Sequence[Shape], pattern: bytes):
        self._slots: list[CudaSlot] = []
        try:
            for shape in shapes:
                self._slots.append(CudaSlot(shape, pattern))
            # One private copy is alive at a time, whichever slot it was taken from.
            largest = max(sum(_padded(f.bytes) for f in shape.outputs) for shape in shapes)
            snapshot = torch.empty(largest, dtype=torch.uint8, device="cuda")
        except BaseException:
            self.close()
            raise
        for slot in self._slots:
            slot.snapshot_memory = snapshot

    def descriptors(self) -> list[int]:
        return [slot.region.fd for slot in self._slots]

    def describe(self) -> list[dict]:
        return [slot.layout.describe(slot.region.size) for slot in self._slots]

    def __getitem__(self, slot: int) -> CudaSlot:
        return self._slots[slot]

    def __len__(self) -> int:
        return len(self._slots)

    def close(self) -> None:
        for slot in self._slots:
            slot.region.close()
        self._slots = []


class CudaSlot:
    snapshot_memory: torch.Tensor

    def __init__(self, shape: Shape, pattern: bytes):
        self.layout = layout = Layout(shape)
        self.region = SharedRegion(layout.size)
        self._pattern = torch.frombuffer(bytearray(guard_bytes(pattern)), dtype=torch.uint8).cuda()
        for guard in layout.guards:
            self.region.bytes[guard : guard + GUARD_BYTES] = self._pattern
        self._inputs, self._outputs = _Table(layout.input_blocks), _Table(layout.output_blocks)

    def poison(self) -> None:
        for field in self.layout.shape.outputs:
            self._region(field).view(torch.int16).fill_(NAN)
        torch.cuda.synchronize()

    def filler(self, masters: Sequence[torch.Tensor], window: int, order: np.ndarray) -> Callable[[], None]:
        targets = [self.region.address + self.layout.offset(f, window) for f in self.layout.shape.inputs]
        return self._inputs.copier(order, [_address(master) for master in masters], targets)

    def taker(self, order: np.ndarray) -> Callable[[], dict[str, torch.Tensor]]:
        fields = self.layout.shape.outputs
        starts = np.cumsum([0, *(_padded(f.bytes) for f in fields)]).tolist()
        memory = self.snapshot_memory
        sources = [self.region.address + self.layout.offset(f) for f in fields]
        copy = self._outputs.copier(order, sources, [memory.data_ptr() + start for start in starts[: len(fields)]])

        def take() -> dict[str, torch.Tensor]:
            copy()
            return {
                f.name: memory[start : start + f.bytes].view(DTYPES[f.dtype]).view(f.shape)
                for f, start in zip(fields, starts, strict=False)
            }

        return take

    def unchanged(self, masters: Sequence[torch.Tensor], window: int) -> bool:
        same = [
            (_words(self._region(field, window)) == _words(master.view(-1).view(torch.uint8))).all()
            for field, master in zip(self.layout.shape.inputs, masters, strict=True)
        ]
        return bool(torch.stack(same).all())

    def guards_intact(self) -> bool:
        memory = self.region.bytes
        same = [(memory[g : g + GUARD_BYTES] == self._pattern).all() for g in self.layout.guards]
        return bool(torch.stack(same).all())

    def _region(self, field: Field, window: int = 0) -> torch.Tensor:
        offset = self.layout.offset(field, window)
        return self.region.bytes[offset : offset + field.bytes]


class _Table:
    """The blocks of a slot's inputs or outputs on the device."""

    def __init__(self, blocks: Blocks):
        sizes = (blocks.end - blocks.start).astype(np.int32)
        self._columns = [torch.from_numpy(column).cuda() for column in (blocks.field, blocks.start, sizes)]

    def copier(self, order: np.ndarray, sources: list[int], targets: list[int]) -> Callable[[], None]:
        """A function that copies all blocks and returns when the last one has been copied."""
        on_device = torch.from_numpy(order.astype(np.int32)).cuda()
        ends = torch.tensor([sources, targets], dtype=torch.int64).cuda()

        def copy() -> None:
            grid = (len(order),)
            _copy_blocks[grid](on_device, *self._columns, ends[0], ends[1], WORDS=BLOCK_BYTES // 4, num_warps=8)
            torch.cuda.current_stream().synchronize()

        return copy


def _address(master: torch.Tensor) -> int:
    if not master.is_contiguous() or master.data_ptr() % 16:
        raise ValueError("a master must be contiguous and aligned to 16 bytes")
    return master.data_ptr()


def _words(memory: torch.Tensor) -> torch.Tensor:
    """The widest view, so that the table of equals is small."""
    return memory.view(torch.int64 if memory.numel() % 8 == 0 and memory.data_ptr() % 8 == 0 else torch.int16)


def _padded(size: int) -> int:
    return -(-size // 512) * 512
