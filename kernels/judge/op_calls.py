"""Drawing inputs for the op, calling it, and saying how far its answer is from the reference."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import torch

from judge import compare
from judge.keys import Keys
from judge.session import Session
from judge.slots.layout import Field, Shape
from judge.task import Task

# Up to here chunk after chunk is cheaper than the scan, on a CPU.
SHORT = 4096
# Up to here a GPU is held to the fp64 reference, beyond to the fp32 scan, which differs from it by 5e-7.
EXACT = 16_384


@dataclass(frozen=True)
class OpShape:
    """Sizes of one op call. `state`: with an initial state, and the final one asked for."""

    length: int
    batch: int = 1
    heads: int = 8
    head_dim: int = 64
    state: bool = False

    @property
    def rows(self) -> int:
        return self.batch * self.length * self.heads

    def slot(self) -> Shape:
        rows = (self.batch, self.length, self.heads, self.head_dim)
        states = (self.batch, self.heads, self.head_dim, self.head_dim)
        inputs = [*(Field(name, rows, windowed=True) for name in "qkv"), Field("beta", (self.heads,))]
        outputs = [Field("o", rows)]
        if self.state:
            inputs.append(Field("initial_state", states))
            outputs.append(Field("final_state", states, "float32"))
        return Shape("op", tuple(inputs), tuple(outputs))


class Oracle:
    """Draws the inputs of one run from the key, and knows the right answers to them."""

    def __init__(self, keys: Keys, run: str, shapes: dict[int, OpShape], task: Task, device: torch.device):
        self.keys, self.run, self.shapes, self.device = keys, run, shapes, device
        self._reference: ModuleType = task.reference()
        self._inputs: ModuleType = task.inputs()

    @property
    def classes(self) -> tuple[str, ...]:
        return self._inputs.CLASSES

    @property
    def extra(self) -> tuple[str, ...]:
        return self._inputs.EXTRA

    def make(self, input_class: str, slot_id: int, label: str) -> tuple[torch.Tensor, ...]:
        """Private masters of one call; `label` names the stream that they are drawn from."""
        shape = self.shapes[slot_id]
        seed = self.keys.seed(f"inputs/{self.run}/{label}")
        drawn = self._inputs.make(
            input_class,
            length=shape.length,
            batch=shape.batch,
            heads=shape.heads,
            head_dim=shape.head_dim,
            seed=seed,
            device=self.device,
        )
        if not shape.state:
            return tuple(drawn)
        return (*drawn, self._inputs.states(shape.batch, shape.heads, shape.head_dim, seed, self.device))

    def reference(self, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, torch.Tensor]:
        """-> (o, final state) in fp64, in fp32 for a long input on a GPU."""
        length = inputs[0].shape[1]
        if self.device.type == "cuda":
            dtype = torch.float64 if length <= EXACT else torch.float32
            return self._reference.op_scan(*inputs, dtype=dtype, heads_at_once=self._together(inputs[0].shape, dtype))
        return (self._reference.op if length <= SHORT else self._reference.op_scan)(*inputs, dtype=torch.float64)

    def _together(self, shape: torch.Size, dtype: torch.dtype) -> int:
        """As many pseudo-heads as a quarter of the GPU's memory holds: the rest is for slots and worker."""
        batch, length, heads, _ = shape
        room = torch.cuda.get_device_properties(self.device).total_memory // 4
        fits = (n for n in range(heads, 1, -1) if self._reference.scan_bytes(length, batch, heads, n, dtype) <= room)
        return next(fits, 1)

    def errors(self, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> compare.Errors:
        return compare.errors(output, self.reference(inputs)[0])

    def rehearse(self) -> None:
        """Draws, answers and compares the largest call once: the judge's memory is taken before a worker's."""
        largest = max(self.shapes, key=lambda slot_id: self.shapes[slot_id].rows)
        inputs = self.make(self.classes[0], largest, "rehearsal")
        self.errors(inputs, inputs[0])


class OpCalls(Oracle):
    """An oracle together with the worker that it asks."""

    def __init__(self, session: Session, shapes: dict[int, OpShape], task: Task, device: torch.device):
        super().__init__(session.keys, session.name, shapes, task, device)
        self.session = session
