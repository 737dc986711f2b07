"""Memory shared with the worker: one slot per kind of call.

A call uses the rows that its nonce names, so that address, window and values change every time. The judge keeps private
masters: what lies in a slot is never believed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from judge.slots.layout import Layout, Shape


@dataclass(frozen=True)
class Given:
    """What a call is given: private masters, the first row of their window, and the secret orders of both copies."""

    masters: Sequence[torch.Tensor]
    window: int
    orders: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Answer:
    """What a worker wrote: never believed, but for "you may look now"."""

    status: int
    child_ns: int


class Command(Protocol):
    """One command to the worker."""

    def send(self) -> None: ...

    def answer(self, within_s: float | None = None) -> Answer | None:
        """The next answer; None when none came `within_s`. Without it, Fault `timeout` when none came in time."""


@dataclass(frozen=True)
class Exchange:
    """`ns`: from before the first input byte to after the last output byte's copy, and what the worker held up beside.

    `answered_ns`: from the command, or the first input byte before it, to the last answer.
    """

    ns: int
    answered_ns: int
    answer: Answer
    outputs: dict[str, torch.Tensor]


class Slot(Protocol):
    """One place for a call."""

    layout: Layout

    def exchange(self, given: Given, command: Command, clock: Callable[[], int]) -> Exchange:
        """One call: the masters go in, block by block in the first order, and a copy of the outputs comes out.

        The copy's blocks come in the second order. A call that writes nothing has no finite answer. What came out is
        valid until the next call, whichever slot it is in.
        """

    def unchanged(self, masters: Sequence[torch.Tensor], window: int) -> bool:
        """Whether the inputs in the slot are still byte for byte the masters."""

    def guards_intact(self) -> bool: ...


class Slots(Protocol):
    """All the slots of one worker, made before it starts, so that it cannot starve the judge of memory."""

    kind: str

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
