"""Inputs for the op: what a kernel is timed on and held to. Every tensor is rounded to bf16 before anybody sees it.

The `CLASSES` are drawn secretly, one per timed call, and share shapes, dtype and beta, so that nothing but the values
tells them apart. Random keys of the layer's own size overwrite the state within a few chunks and cannot see a kernel
that forgets; `long_memory`, `mixed`, `quiet_needle` and `parallel_keys` can.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from .reference import CHUNK

CLASSES = ("layer_like", "lam_0.2", "long_memory", "mixed", "quiet_needle", "parallel_keys")
EXTRA = ("zeros", "x100", "outlier_rows", "equal_keys", "extreme_beta")

# What softplus(log U(1, 16)) spans: the published layer at initialisation.
BETA_RANGE = (0.7, 2.8)
EXTREME_BETA_RANGE = (0.01, 20.0)
LAYER_LAM = 2.0


class Inputs(NamedTuple):
    """q, k, v [B, T, H, S] and beta [H], bf16."""

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    beta: torch.Tensor


def make(name, *, length, batch, heads, head_dim, generator, device):
    """Draws the inputs of one call. The same generator state gives the same bytes; `generator` lives on `device`.

    Raises ValueError for a class that is in neither `CLASSES` nor `EXTRA`.
    """
    if name not in CLASSES and name not in EXTRA:
        raise ValueError(f"no input class is named {name!r}: choose from {', '.join(CLASSES + EXTRA)}")
    rows = length + -length % CHUNK

    def normal(*shape):
        return torch.randn(shape, generator=generator, device=device)

    # Row r of pseudo-head p, as the op reads them: see reference.py.
    shape = (batch, heads, rows, head_dim)
    q, k, v = normal(*shape) / head_dim**0.5, normal(*shape), normal(*shape)

    if name == "parallel_keys":
        k = _unit(_unit(normal(batch, heads, 1, head_dim)) * math.sqrt(head_dim) + 0.1 * k) * 2
    elif name == "equal_keys":
        k = (_unit(normal(batch, heads, 1, head_dim)) * math.sqrt(LAYER_LAM)).expand(shape)
    elif name == "mixed":
        k = _unit(k) * _mixed_lam(batch, heads, rows, generator, device).sqrt()
    elif name == "quiet_needle":
        k, v = _quiet_needle(k, v, length)
    else:
        k = _unit(k) * math.sqrt({"lam_0.2": 0.2, "long_memory": 0.02}.get(name, LAYER_LAM))

    if name == "zeros":
        # alpha of a zero key is 0/0 without its epsilon. A random half: the other half must survive it.
        k = k * (torch.rand((*shape[:3], 1), generator=generator, device=device) < 0.5)
    elif name == "x100":
        v = v * 100
    elif name == "outlier_rows":
        scale = torch.rand((*shape[:3], 1), generator=generator, device=device).lt(0.01) * 7.0 + 1.0
        q, k, v = q * scale, k * scale, v * scale

    beta = torch.linspace(*BETA_RANGE, heads, device=device)
    if name == "extreme_beta":
        beta = torch.logspace(*(math.log10(b) for b in EXTREME_BETA_RANGE), heads, device=device)
    q, k, v = (x.to(torch.bfloat16).reshape(batch, rows, heads, head_dim)[:, :length].contiguous() for x in (q, k, v))
    return Inputs(q, k, v, beta.to(torch.bfloat16))


def _unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def _mixed_lam(batch, heads, rows, generator, device):
    """|k|^2 of each chunk, log-uniform in [0.02, 2] -> [B, H, rows, 1]."""
    draw = torch.rand((batch, heads, rows // CHUNK, 1), generator=generator, device=device)
    return (0.02 * 100**draw).repeat_interleave(CHUNK, 2)


def _quiet_needle(k, v, length):
    """The first sixteenth writes (|k| = 1); every later row has a faint key and no value, k and v [B, H, rows, S].

    With |k|^2 = 0.1 / T the later rows fade nothing (0.3 % in all), and yet no key is zero and so to be skipped: the
    answers of the last row still depend on the first.
    """
    rows = k.shape[2]
    later = (torch.arange(rows, device=k.device) >= rows // 16).view(-1, 1)
    k = _unit(k) * torch.where(later, math.sqrt(0.1 / length), 1.0)
    return k, v.masked_fill(later, 0.0)
