"""Memory shared with the worker: one slot per kind of call.

A call uses the rows that its nonce names, so that address, window and values change every time. The judge keeps private
masters: what lies in a slot is never believed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch

from judge.slots.layout import Layout, Shape


class Slot(Protocol):
    """One place for a call."""

    layout: Layout

    def poison(self) -> None:
        """Fills every output with NaN: a call that writes nothing has no finite answer."""

    def filler(self, masters: Sequence[torch.Tensor], window: int, order: np.ndarray) -> Callable[[], None]:
        """A function that copies the masters in, block by block in the given order, and returns when it is done."""

    def taker(self, order: np.ndarray) -> Callable[[], dict[str, torch.Tensor]]:
        """A function that takes a private copy of the outputs, block by block in the given order.

        What it returns is valid until the next copy, whichever slot that is taken from.
        """

    def unchanged(self, masters: Sequence[torch.Tensor], window: int) -> bool:
        """Whether the inputs in the slot are still byte for byte the masters."""

    def guards_intact(self) -> bool: ...


class Slots(Protocol):
    """All the slots of one worker, made before it starts, so that it cannot starve the judge of memory."""

    def descriptors(self) -> list[int]: ...
    def describe(self) -> list[dict]: ...
    def __getitem__(self, slot: int) -> Slot: ...
    def close(self) -> None: ...


def new_slots(device: torch.device, shapes: Sequence[Shape], pattern: bytes) -> Slots:
    """Slots in the memory of `device`. `pattern` fills the guards and is secret."""
    if device.type == "cuda":
        from judge.slots.cuda import CudaSlots

        return CudaSlots(shapes, pattern)
    from judge.slots.memfd import MemfdSlots

    return MemfdSlots(shapes, pattern)
