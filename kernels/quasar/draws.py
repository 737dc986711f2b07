"""Draws that are the same bits on every device, so that whoever has no GPU can replay what a GPU was given.

Word i of a stream is a 64-bit finaliser of i (splitmix64, with a second secret word between its multiplications, so
that a few rows do not let a kernel compute the rest instead of reading it). Integer arithmetic wraps alike everywhere;
normal values come out of a table. Nothing here, and nothing that is done to the draws, may depend on the order of a
sum, on a fused multiply-add or on a device's own logarithm.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache, lru_cache
from statistics import NormalDist

import torch

NORMALS_PER_WORD = 4
TABLE = 1 << 16
# Normal values are bf16 and multiples of this: a double holds sums of millions of their squares exactly, in any order.
QUANTUM = 2.0**-16

_STEP = 0x9E3779B97F4A7C15 - (1 << 64)
_FIRST = 0xBF58476D1CE4E5B9 - (1 << 64)
_SECOND = 0x94D049BB133111EB - (1 << 64)


class Stream:
    """An endless sequence of words, named by a seed and a name; any part of it can be drawn by itself."""

    def __init__(self, seed: int, name: str, device: torch.device | str):
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        self._start, self._secret = (int.from_bytes(digest[i : i + 8], "little", signed=True) for i in (0, 8))
        self._device = str(device)

    def words(self, first: int, count: int) -> torch.Tensor:
        """Words `first` to `first + count`, int64 [count], all 64 bits of each random."""
        z = torch.arange(first, first + count, dtype=torch.int64, device=self._device)
        z.mul_(_STEP).add_(self._start)
        z.bitwise_xor_(_shifted(z, 30)).mul_(_FIRST).bitwise_xor_(self._secret)
        z.bitwise_xor_(_shifted(z, 27)).mul_(_SECOND)
        return z.bitwise_xor_(_shifted(z, 31))

    def integers(self, first: int, count: int, bits: int) -> torch.Tensor:
        """Uniform integers below 2^bits, one a word, int64 [count]."""
        return _shifted(self.words(first, count), 64 - bits)

    def normals(self, first: int, count: int, scale: float = 1.0) -> torch.Tensor:
        """N(0, scale^2) as bf16 [count], four a word; `first` and `count` are multiples of four."""
        words = self.words(first // NORMALS_PER_WORD, count // NORMALS_PER_WORD)
        # Little-endian quarters. A negative one counts from the table's end: it is its own unsigned value.
        return _normal_table(scale, self._device)[words.view(torch.int16).to(torch.int64)]


def rounded(x: torch.Tensor) -> torch.Tensor:
    """To bf16 by way of fp32 on every device: a direct conversion of fp64 need not round twice."""
    return x.to(torch.float32).to(torch.bfloat16)


@cache
def normal_values() -> tuple[float, ...]:
    """The 65,536 mid-quantiles of N(0, 1), each the nearest bf16 and a multiple of `QUANTUM`.

    The nearest that any quantile comes to a tie of this rounding is 1e-5 of a step, far beyond what two libraries'
    logarithms may differ by.
    """
    inverse = NormalDist().inv_cdf
    upper = [_nearest(inverse((i + 0.5) / TABLE)) for i in range(TABLE // 2, TABLE)]
    return (*(-x for x in reversed(upper)), *upper)


def _nearest(x: float) -> float:
    step = max(2.0 ** (math.frexp(x)[1] - 8), QUANTUM)
    return round(x / step) * step


@lru_cache
def _normal_table(scale: float, device: str) -> torch.Tensor:
    values = torch.tensor([scale * x for x in normal_values()], dtype=torch.float64)
    return rounded(values).to(device)


def _shifted(x: torch.Tensor, bits: int) -> torch.Tensor:
    """Logical right shift: torch's own repeats the sign."""
    return (x >> bits).bitwise_and_((1 << (64 - bits)) - 1)
