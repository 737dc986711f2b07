"""The seeds' gate: a small decoder around the task's layer, its logits against the reference's.

The worker runs the trunk and hands over hidden states of all positions; only then does the judge draw positions, and it
applies its own head. Logits have unit deviation, because the limit of 0.1 is absolute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from judge.gates import GateLog
from judge.keys import Keys
from judge.session import Session
from judge.slots import Field, Shape
from judge.task import Task

COSINE = 0.99
MAX_ABS_DIFF = 0.1
POSITIONS = 64
CHUNK = 64
EPS = 1e-5
# With the key convolution at a quarter, memory lasts long enough for a forgetful kernel to show in the logits.
KEY_CONV_GAIN = 0.25


@dataclass(frozen=True)
class Sizes:
    length: int
    hidden: int
    heads: int
    head_dim: int
    blocks: int
    inner: int
    vocabulary: int

    def trunk(self) -> dict:
        """What the worker is told."""
        return {"hidden": self.hidden, "heads": self.heads, "headDim": self.head_dim, "blocks": self.blocks}


SIZES = {
    "cuda": Sizes(length=2048, hidden=512, heads=8, head_dim=64, blocks=2, inner=1024, vocabulary=8192),
    # Small enough for a CPU of two cores, the same model otherwise.
    "cpu": Sizes(length=512, hidden=256, heads=4, head_dim=64, blocks=2, inner=512, vocabulary=2048),
}


class Model:
    """Weights and one prompt, all from the key; `masters` are what the worker sees, in bf16."""

    def __init__(self, sizes: Sizes, keys: Keys, task: Task):
        self.sizes = sizes
        self._reference = task.reference()
        generator = torch.Generator().manual_seed(keys.seed("logits/weights"))

        def linear(out: int, into: int) -> torch.Tensor:
            return torch.randn(out, into, generator=generator) / into**0.5

        weights: dict[str, torch.Tensor] = {}
        for block in range(sizes.blocks):
            layer = self._reference.layer_weights(generator, sizes.hidden, sizes.heads, sizes.head_dim)
            layer["k_conv1d.weight"] = layer["k_conv1d.weight"] * KEY_CONV_GAIN
            weights |= {f"{block}.layer.{name}": w for name, w in layer.items()}
            weights[f"{block}.gate"] = linear(sizes.inner, sizes.hidden)
            weights[f"{block}.up"] = linear(sizes.inner, sizes.hidden)
            weights[f"{block}.down"] = linear(sizes.hidden, sizes.inner)
        embedding = torch.randn(sizes.vocabulary, sizes.hidden, generator=generator)
        tokens = torch.randint(sizes.vocabulary, (1, sizes.length), generator=generator)
        self.head = linear(sizes.vocabulary, sizes.hidden).to(torch.float64)
        self.names = ["x", *weights]
        self.masters = tuple(w.to(torch.bfloat16).contiguous() for w in (embedding[tokens], *weights.values()))

    def slot(self) -> Shape:
        inputs = tuple(Field(name, tuple(m.shape)) for name, m in zip(self.names, self.masters, strict=True))
        return Shape("trunk", inputs, (Field("hidden", (1, self.sizes.length, self.sizes.hidden)),))

    def trunk(self) -> torch.Tensor:
        """The reference's last hidden states [1, T, hidden] in fp64, from the very bytes that the worker got."""
        values = {name: m.to(torch.float64) for name, m in zip(self.names, self.masters, strict=True)}
        x = values["x"]
        for block in range(self.sizes.blocks):
            prefix = f"{block}.layer."
            layer = {name[len(prefix) :]: w for name, w in values.items() if name.startswith(prefix)}
            x = x + self._reference.layer(layer, _norm(x), self.sizes.heads, dtype=torch.float64)
            y = _norm(x)
            gated = F.silu(y @ values[f"{block}.gate"].T) * (y @ values[f"{block}.up"].T)
            x = x + gated @ values[f"{block}.down"].T
        return x

    def logits(self, hidden: torch.Tensor, positions: list[int]) -> torch.Tensor:
        return _norm(hidden.to(torch.float64)[0, positions]) @ self.head.T  # [positions, vocabulary]


def run_logit_gate(session: Session, slot_id: int, model: Model, gates: GateLog) -> None:
    """One trunk call and the two limits of the seeds; a NaN fails `finite` first."""
    call = session.call(slot_id, model.masters, "logits")
    hidden = call.outputs["hidden"]
    length = model.sizes.length
    gates.at_most("finite", int((~torch.isfinite(hidden)).sum()), 0, "logits", length)
    gates.raise_first_failure()
    positions = drawn_positions(length, model.sizes.heads, session.keys.stream("logits/positions"))
    got, want = model.logits(hidden, positions), model.logits(model.trunk(), positions)
    cosine = F.cosine_similarity(got, want, dim=-1).min().item()
    gates.at_least("logits_cosine", cosine, COSINE, "language_model", length)
    gates.at_most("logits_max_abs_diff", (got - want).abs().max().item(), MAX_ABS_DIFF, "language_model", length)
    gates.raise_first_failure()


def drawn_positions(length: int, heads: int, stream: np.random.Generator) -> list[int]:
    """64 positions: first, last, a chunk's and a segment's borders always, the rest drawn after the reply."""
    segment = length // heads
    always = {0, length - 1, CHUNK - 1, CHUNK, segment - 1, segment}
    rest = [int(p) for p in stream.permutation(length) if int(p) not in always]
    return sorted(always | set(rest[: POSITIONS - len(always)]))


def _norm(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS)
