"""Drawing inputs for the op, calling it, and saying how far its answer is from the reference."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import torch

from judge import compare
from judge.session import Session
from judge.slots import Field, Shape
from judge.task import Task

SHORT = 4096


@dataclass(frozen=True)
class OpShape:
    """Sizes of one op call. `state`: with an initial state, and the final one asked for."""

    length: int
    batch: int = 1
    heads: int = 8
    head_dim: int = 64
    state: bool = False

    def slot(self) -> Shape:
        rows = (self.batch, self.length, self.heads, self.head_dim)
        states = (self.batch, self.heads, self.head_dim, self.head_dim)
        inputs = [*(Field(name, rows, windowed=True) for name in "qkv"), Field("beta", (self.heads,))]
        outputs = [Field("o", rows)]
        if self.state:
            inputs.append(Field("initial_state", states))
            outputs.append(Field("final_state", states, "float32"))
        return Shape("op", tuple(inputs), tuple(outputs))


class OpCalls:
    """A session together with the shapes of its op slots."""

    def __init__(self, session: Session, shapes: dict[int, OpShape], task: Task):
        self.session, self.shapes = session, shapes
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
        seed = self.session.keys.seed(f"inputs/{self.session.name}/{label}")
        drawn = self._inputs.make(
            input_class,
            length=shape.length,
            batch=shape.batch,
            heads=shape.heads,
            head_dim=shape.head_dim,
            seed=seed,
            device="cpu",
        )
        if not shape.state:
            return tuple(drawn)
        return (*drawn, self._inputs.states(shape.batch, shape.heads, shape.head_dim, seed, "cpu"))

    def reference(self, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, torch.Tensor]:
        """-> (o, final state) in fp64."""
        # Chunk after chunk is the cheaper way until there are many chunks; both agree to rounding.
        short = inputs[0].shape[1] <= SHORT
        return (self._reference.op if short else self._reference.op_scan)(*inputs, dtype=torch.float64)

    def errors(self, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> compare.Errors:
        return compare.errors(output, self.reference(inputs)[0])
