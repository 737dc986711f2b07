"""The seeds' gate: a decoder around the task's layer, its logits against the reference's.

The worker runs the trunk and hands over hidden states of all positions; only then does the judge draw positions, and it
applies its own head. The limit of 0.1 is absolute, so both sides are divided by the reference logits' deviation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from judge.gates import logit_weights
from judge.gates.gates import GateLog
from judge.gates.logit_weights import Sizes
from judge.keys import Keys
from judge.session import Session
from judge.slots.layout import Field, Shape
from judge.task import Task

COSINE = 0.99
MAX_ABS_DIFF = 0.1
POSITIONS = 64
CHUNK = 64
# The first choice is compared where the reference itself is decided.
MARGIN = 0.1
HEAD_ROWS = 16_384
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Figures:
    """Of the logits at the drawn positions, in units of the reference's deviation. `top1` is null without a margin."""

    cosine: float
    max_abs_diff: float
    mean_kl: float
    top1: float | None

    def reported(self, model: str) -> dict:
        """What stands beside the gates and decides nothing."""
        return {"model": model, "meanKl": self.mean_kl, "top1": self.top1}


class Model:
    """Weights and one prompt; `masters` are what the worker sees, in bf16 on the judge's device."""

    def __init__(self, sizes: Sizes, keys: Keys, task: Task, device: torch.device = CPU, directory: Path | None = None):
        self.sizes = sizes
        self._reference = task.reference()
        if directory is None:
            weights = logit_weights.drawn(sizes, keys, self._reference, device)
        else:
            weights = logit_weights.read(directory, sizes, keys, self._reference, device)
        self.name = f"{sizes.name}, {weights.source} weights"
        self.names = list(weights.trunk)
        self.masters = tuple(weights.trunk.values())
        self.head, self._norm = weights.head, weights.norm

    def slot(self) -> Shape:
        inputs = tuple(Field(name, tuple(m.shape)) for name, m in zip(self.names, self.masters, strict=True))
        return Shape("trunk", inputs, (Field("hidden", (1, self.sizes.length, self.sizes.hidden), "float32"),))

    def trunk(self) -> torch.Tensor:
        """The reference's last hidden states [1, T, hidden] in fp64, from the very bytes that the worker got."""
        values = dict(zip(self.names, self.masters, strict=True))
        x = values["x"].double()
        for block in range(self.sizes.blocks):
            prefix = f"{block}.layer."
            layer = {name[len(prefix) :]: w for name, w in values.items() if name.startswith(prefix)}
            y = self._rms_norm(x, values.get(f"{block}.layer_norm"))
            x = x + self._reference.layer(layer, y, self.sizes.heads, dtype=torch.float64)
            y = self._rms_norm(x, values.get(f"{block}.mlp_norm"))
            gate, up, down = (values[f"{block}.{name}"].double() for name in ("gate", "up", "down"))
            x = x + (F.silu(y @ gate.T) * (y @ up.T)) @ down.T
        return x

    def logits(self, hidden: torch.Tensor, positions: list[int]) -> torch.Tensor:
        """[positions, vocabulary] in fp64, of the whole vocabulary."""
        last = self._rms_norm(hidden[0, positions].to(self.head.device, torch.float64), self._norm)
        return torch.cat([last @ rows.double().T for rows in self.head.split(HEAD_ROWS)], -1)

    def _rms_norm(self, x: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
        normed = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.sizes.eps)
        return normed if weight is None else normed * weight.double()


def run_logit_gate(
    session: Session,
    slot_id: int,
    model: Model,
    gates: GateLog,
    report: Callable[[dict], None] = lambda figures: None,
) -> None:
    """One trunk call and the two limits of the seeds; a NaN fails `finite` first. `report` gets what is not gated."""
    # The one call that was not prepared: with more heads than the op was called with, a kernel may tune itself anew.
    call = session.call(slot_id, model.masters, "logits", session.limits["prepareSeconds"])
    hidden = call.outputs["hidden"]
    length = model.sizes.length
    gates.at_most("finite", int((~torch.isfinite(hidden)).sum()), 0, "logits", length)
    gates.raise_first_failure()
    positions = drawn_positions(length, model.sizes.heads, session.keys.stream("logits/positions"))
    found = figures(model.logits(hidden, positions), model.logits(model.trunk(), positions))
    report(found.reported(model.name))
    gates.at_least("logits_cosine", found.cosine, COSINE, "language_model", length)
    gates.at_most("logits_max_abs_diff", found.max_abs_diff, MAX_ABS_DIFF, "language_model", length)
    gates.raise_first_failure()


def figures(got: torch.Tensor, want: torch.Tensor) -> Figures:
    """Compares logits [positions, vocabulary]; `want` is the reference's."""
    unit = want.std()
    got, want = got / unit, want / unit
    log_p, log_q = want.log_softmax(-1), got.log_softmax(-1)
    best = want.topk(2, -1)
    decided = best.values[:, 0] - best.values[:, 1] > MARGIN
    agrees = (got.argmax(-1) == best.indices[:, 0])[decided]
    return Figures(
        cosine=F.cosine_similarity(got, want, dim=-1).min().item(),
        max_abs_diff=(got - want).abs().max().item(),
        # Rounding can make the sum of a perfect match negative.
        mean_kl=max(0.0, (log_p.exp() * (log_p - log_q)).sum(-1).mean().item()),
        top1=agrees.double().mean().item() if len(agrees) else None,
    )


def drawn_positions(length: int, heads: int, stream: np.random.Generator) -> list[int]:
    """64 positions: first, last, a chunk's and a segment's borders always, the rest drawn after the reply."""
    segment = length // heads
    always = {0, length - 1, CHUNK - 1, CHUNK, segment - 1, segment}
    rest = [int(p) for p in stream.permutation(length) if int(p) not in always]
    return sorted(always | set(rest[: POSITIONS - len(always)]))
