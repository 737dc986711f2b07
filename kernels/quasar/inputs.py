"""Inputs for the op: what a kernel is timed on and held to. Every tensor is rounded to bf16 before anybody sees it.

The `CLASSES` are drawn secretly, one per timed call, and share shapes, dtype and beta, so that nothing but the values
tells them apart. Random keys of the layer's own size overwrite the state within a few chunks and cannot see a kernel
that forgets; `long_memory`, `mixed`, `quiet_needle` and `parallel_keys` can.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch

from .draws import NORMALS_PER_WORD, QUANTUM, Stream, rounded
from .reference import CHUNK

CLASSES = ("layer_like", "lam_0.2", "long_memory", "mixed", "quiet_needle", "parallel_keys")
EXTRA = ("zeros", "x100", "outlier_rows", "equal_keys", "extreme_beta")

# What softplus(log U(1, 16)) spans: the published layer at initialisation.
BETA_RANGE = (0.7, 2.8)
EXTREME_BETA_RANGE = (0.01, 20.0)
LAYER_LAM = 2.0
MIXED_BITS = 12
# Elements drawn at a time: a CPU likes what fits its caches, a GPU few launches.
BLOCK = {"cpu": 1 << 17, "cuda": 1 << 24}


class Inputs(NamedTuple):
    """q, k, v [B, T, H, S] and beta [H], bf16."""

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    beta: torch.Tensor


def make(name, *, length, batch, heads, head_dim, seed, device):
    """Draws the inputs of one call. The same seed gives the same bytes on every device.

    Memory beyond the result is about forty bytes for each element of a `BLOCK`. `head_dim` is a multiple of four.
    Raises ValueError for a class that is in neither `CLASSES` nor `EXTRA`.
    """
    if name not in CLASSES and name not in EXTRA:
        raise ValueError(f"no input class is named {name!r}: choose from {', '.join(CLASSES + EXTRA)}")
    if head_dim % NORMALS_PER_WORD:
        raise ValueError(f"head_dim {head_dim} is not a multiple of {NORMALS_PER_WORD}")
    q, k, v = (torch.empty(batch, length * heads, head_dim, dtype=torch.bfloat16, device=device) for _ in range(3))
    step = max(1, BLOCK[q.device.type] // head_dim)
    for b in range(batch):
        part = _Rows(name, length, heads, head_dim, seed, b, device)
        for first in range(0, length * heads, step):
            last = min(first + step, length * heads)
            for whole, drawn in zip((q, k, v), part.draw(first, last), strict=True):
                whole[b, first:last] = drawn
    shape = (batch, length, heads, head_dim)
    return Inputs(q.view(shape), k.view(shape), v.view(shape), _beta(name, heads).to(device))


def states(batch, heads, head_dim, seed, device):
    """Initial states [B, H, S, S] of N(0, 1), bf16, drawn apart from the inputs of the same seed."""
    count = batch * heads * head_dim**2
    return Stream(seed, "state", device).normals(0, count).view(batch, heads, head_dim, head_dim)


class _Rows:
    """One batch element as the op reads it: row m of its memory is row m % rows of pseudo-head m // rows."""

    def __init__(self, name, length, heads, head_dim, seed, b, device):
        self._name, self._length, self._size, self._device = name, length, head_dim, device
        self._rows = length + -length % CHUNK
        self._q, self._k, self._v, self._row, self._chunk, centre = (
            Stream(seed, f"{what}/{b}", device) for what in ("q", "k", "v", "row", "chunk", "centre")
        )
        self._centres = centre.normals(0, heads * head_dim).view(heads, head_dim)

    def draw(self, first, last):
        """-> q, k, v of rows `first` to `last`, bf16 [rows, S]."""
        name, rows = self._name, torch.arange(first, last, device=self._device)
        q = self._normals(self._q, first, last, 1 / math.sqrt(self._size))
        k = self._keys(rows, first, last)
        v = self._normals(self._v, first, last, 100.0 if name == "x100" else 1.0)
        if name == "quiet_needle":
            v.masked_fill_(self._is_later(rows).unsqueeze(-1), 0.0)
        elif name == "zeros":
            # alpha of a zero key is 0/0 without its epsilon. A random half: the other half must survive it.
            k.masked_fill_(self._row.integers(first, last - first, 1).unsqueeze(-1) == 0, 0.0)
        elif name == "outlier_rows":
            outlier = self._row.integers(first, last - first, 16).unsqueeze(-1) < round(0.01 * 2**16)
            q, k, v = (torch.where(outlier, x * 8, x) for x in (q, k, v))
        return q, k, v

    def _keys(self, rows, first, last):
        name = self._name
        if name == "equal_keys":
            return _of_squared_norm(self._centres, _like(self._centres, LAYER_LAM))[rows // self._rows]
        k = self._normals(self._k, first, last)
        if name == "parallel_keys":
            # The direction of a unit vector times sqrt(S), with noise of a tenth; ten times both, and still exact.
            centres = _exact(self._centres, 10 * math.sqrt(self._size))
            k = centres[rows // self._rows] + k
        return _of_squared_norm(k, self._squared_norms(k, rows, first, last))

    def _squared_norms(self, k, rows, first, last):
        if self._name == "mixed":
            chunks = self._chunk.integers(first // CHUNK, (last - 1) // CHUNK - first // CHUNK + 1, MIXED_BITS)
            return _mixed_lams(str(self._device))[chunks][rows // CHUNK - first // CHUNK]
        if self._name == "quiet_needle":
            return torch.where(self._is_later(rows), _like(k, 0.1 / self._length), _like(k, 1.0))
        return _like(k, {"lam_0.2": 0.2, "long_memory": 0.02, "parallel_keys": 4.0}.get(self._name, LAYER_LAM))

    def _is_later(self, rows):
        """The first sixteenth writes (|k| = 1); every later row has a faint key and no value.

        With |k|^2 = 0.1 / T the later rows fade nothing (0.3 % in all), and yet no key is zero and so to be skipped:
        the answers of the last row still depend on the first.
        """
        return rows % self._rows >= self._rows // 16

    def _normals(self, stream, first, last, scale=1.0):
        return stream.normals(first * self._size, (last - first) * self._size, scale).view(-1, self._size)


def _of_squared_norm(x, lam):
    """x [R, S] of multiples of `QUANTUM` and lam [R] in fp64 -> x at these squared norms, bf16.

    Every step is exact or one correctly rounded operation. Tensor by tensor: CUDA divides by a number by multiplying.
    """
    squares = x.to(torch.float64).square().sum(-1)
    factor = (lam / squares).sqrt().to(torch.float32)
    return (x.to(torch.float32) * factor.unsqueeze(-1)).to(torch.bfloat16)


def _exact(x, norm):
    """x [R, S] at this norm, in fp32 and again of multiples of `QUANTUM`."""
    x = x.to(torch.float64)
    scaled = x * (_like(x, norm) / x.square().sum(-1).sqrt()).unsqueeze(-1)
    return ((scaled / QUANTUM).round() * QUANTUM).to(torch.float32)


def _like(x, value):
    return torch.full((x.shape[0],), value, dtype=torch.float64, device=x.device)


@lru_cache
def _mixed_lams(device):
    """Squared norms, log-uniform in [0.02, 2] -> [2^MIXED_BITS] fp64, by roots and products: no library's power."""
    ratio = 100.0
    for _ in range(MIXED_BITS):
        ratio = math.sqrt(ratio)
    lams = [0.02 * math.sqrt(ratio)]
    while len(lams) < 1 << MIXED_BITS:
        lams.append(lams[-1] * ratio)
    return torch.tensor(lams, dtype=torch.float64, device=device)


def _beta(name, heads):
    """[H], evenly spaced; by ratio where extreme."""
    parts = [i / max(1, heads - 1) for i in range(heads)]
    low, high = EXTREME_BETA_RANGE if name == "extreme_beta" else BETA_RANGE
    values = [low * (high / low) ** x if name == "extreme_beta" else low + (high - low) * x for x in parts]
    return rounded(torch.tensor(values, dtype=torch.float64))
