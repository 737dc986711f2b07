"""Slots in the memory of the GPU, shared with the worker as descriptors; kernels copy, in a secret block order.

A call's time is the GPU's own: both sides queue it before it begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
import triton
import triton.language as tl

from judge.gpu.cuda_memory import SharedRegion
from judge.slots.gpu_turn import BELL_BYTES, END_SECONDS, GpuTurn
from judge.slots.layout import BLOCK_BYTES, DTYPES, Blocks, Layout, Shape
from judge.slots.queued import take_turn
from judge.slots.shared_piece import SharedPiece
from judge.slots.slots import Command, Exchange, Given


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
    kind = "cuda"

    def __init__(self, shapes: Sequence[Shape], pattern: bytes):
        self._slots: list[CudaSlot] = []
        # What waits in a hardware queue holds up what shares it; another priority is another queue.
        self._aside = torch.cuda.Stream(priority=-1)
        try:
            for shape in shapes:
                self._slots.append(CudaSlot(shape, pattern, self._aside))
            # One private copy is alive at a time, whichever slot it was taken from.
            largest = max(sum(_padded(f.bytes) for f in shape.outputs) for shape in shapes)
            snapshot = torch.empty(largest, dtype=torch.uint8, device="cuda")
        except BaseException:
            self.close()
            raise
        for slot in self._slots:
            slot.snapshot_memory = snapshot

    def descriptors(self) -> list[int]:
        return [region.fd for slot in self._slots for region in slot.regions]

    def describe(self) -> list[dict]:
        return [slot.describe() for slot in self._slots]

    def __getitem__(self, slot: int) -> CudaSlot:
        return self._slots[slot]

    def __len__(self) -> int:
        return len(self._slots)

    def close(self) -> None:
        """For when the worker has ended, or is about to: until then it may set back a bell that the judge waits for.

        If the GPU is not free in time, its memory stays taken: this process can still write a verdict, and no more.
        """
        ends = time.monotonic() + END_SECONDS
        while not torch.cuda.current_stream().query():
            if time.monotonic() > ends:
                return
            if self._aside.query():  # a full queue would hold up this thread
                for slot in self._slots:
                    slot.turn.release()
            time.sleep(0.001)
        for slot in self._slots:
            slot.close()
        self._slots = []


class CudaSlot:
    snapshot_memory: torch.Tensor

    def __init__(self, shape: Shape, pattern: bytes, aside: torch.cuda.Stream):
        self.layout = layout = Layout(shape)
        self.regions: list[SharedRegion] = []
        try:
            # Behind the outputs, the bells.
            for size in (layout.inputs.size, layout.outputs.size + BELL_BYTES):
                self.regions.append(SharedRegion(size))
            inputs, outputs = self.regions
            self._inputs = SharedPiece(layout.inputs, inputs.bytes, pattern)
            self._outputs = SharedPiece(layout.outputs, outputs.bytes, pattern)
            self._blocks_in, self._blocks_out = _Table(layout.inputs.blocks), _Table(layout.outputs.blocks)
            for table in (self._blocks_in, self._blocks_out):
                table.compile(inputs.address)
            self.turn = GpuTurn(outputs.address + layout.outputs.size, aside)
        except BaseException:
            self.close()
            raise

    def describe(self) -> dict:
        found = self.layout.describe()
        for name, region in zip(("inputs", "outputs"), self.regions, strict=True):
            # All of it is mapped.
            found[name]["size"] = region.size
        return {**found, "bells": self.layout.outputs.size}

    def close(self) -> None:
        self._inputs = self._outputs = None
        for region in self.regions:
            region.close()

    def exchange(self, given: Given, command: Command, clock: Callable[[], int]) -> Exchange:
        """Times are the GPU's own; `clock` tells how late answers are."""
        fill = self._filler(given.masters, given.window, given.orders[0])
        take, outputs = self._taker(given.orders[1])
        self.poison()
        self.turn.next(fill, take)
        ns, answered_ns, answer = take_turn(self.turn, command, clock)
        return Exchange(ns, answered_ns, answer, outputs)

    def poison(self) -> None:
        self._outputs.poison()
        torch.cuda.synchronize()

    def _filler(self, masters: Sequence[torch.Tensor], window: int, order: np.ndarray) -> Callable[[], None]:
        targets = [self._inputs.address(field, window) for field in self.layout.inputs.fields]
        return self._blocks_in.copier(order, [_address(master) for master in masters], targets)

    def _taker(self, order: np.ndarray) -> tuple[Callable[[], None], dict[str, torch.Tensor]]:
        """-> queues the copy out; what it copies to."""
        fields = self.layout.outputs.fields
        starts = np.cumsum([0, *(_padded(f.bytes) for f in fields)]).tolist()
        memory = self.snapshot_memory
        sources = [self._outputs.address(field) for field in fields]
        copy = self._blocks_out.copier(order, sources, [memory.data_ptr() + start for start in starts[: len(fields)]])
        return copy, {
            f.name: memory[start : start + f.bytes].view(DTYPES[f.dtype]).view(f.shape)
            for f, start in zip(fields, starts, strict=False)
        }

    def unchanged(self, masters: Sequence[torch.Tensor], window: int) -> bool:
        return self._inputs.holds(masters, window)

    def guards_intact(self) -> bool:
        return self._inputs.guards_intact() and self._outputs.guards_intact()


class _Table:
    """The blocks of a slot's inputs or outputs on the device."""

    def __init__(self, blocks: Blocks):
        sizes = (blocks.end - blocks.start).astype(np.int32)
        self._columns = [torch.from_numpy(column).cuda() for column in (blocks.field, blocks.start, sizes)]

    def copier(self, order: np.ndarray, sources: list[int], targets: list[int]) -> Callable[[], None]:
        """A function that queues the copy of all blocks on the current stream."""
        grid = (len(order),)
        on_device = torch.from_numpy(order.astype(np.int32)).cuda()
        given = on_device, *self._columns, *torch.tensor([sources, targets], dtype=torch.int64).cuda()
        return lambda: _copy_blocks[grid](*given, WORDS=BLOCK_BYTES // 4, num_warps=8)

    def compile(self, address: int) -> None:
        """Loads the kernel: a stream that waits for what comes later could not. Copies `address` onto itself."""
        fields = int(self._columns[0].max()) + 1
        self.copier(np.zeros(1, np.int32), [address] * fields, [address] * fields)()


def _address(master: torch.Tensor) -> int:
    if not master.is_contiguous() or master.data_ptr() % 16:
        raise ValueError("a master must be contiguous and aligned to 16 bytes")
    return master.data_ptr()


def _padded(size: int) -> int:
    return -(-size // 512) * 512
