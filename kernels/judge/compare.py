"""How far an output is from the reference. Finite first: every test is written so that NaN fails it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

CHUNK = 64
# The direction of a row quieter than this part of the tensor's RMS is noise.
QUIET = 0.25


@dataclass(frozen=True)
class Errors:
    """Relative to the reference's RMS, or absolute where the reference is zero throughout.

    A chunk's error is relative to the larger of its own RMS and the tensor's: upstream's rounding of a faint write is
    large beside the faint chunk alone (12 % on long memory), and small beside what the op answers.
    """

    nonfinite: int
    rel_rms: float
    chunk_rms: float
    row_cosine: float


def errors(output: torch.Tensor, reference: torch.Tensor) -> Errors:
    """output [B, T, H, S] of any float dtype, reference fp64 of the same shape. Chunks are 64 rows of one head."""
    finite = torch.isfinite(output)
    if not bool(finite.all()):
        return Errors(int((~finite).sum()), math.nan, math.nan, math.nan)
    got = output.to(reference.dtype)
    error = got - reference
    scale = _rms(reference)
    unit = scale or 1.0
    error_rows = error.square().sum(-1)  # [B, T, H]
    reference_rows = reference.square().sum(-1)
    size = reference.shape[-1]
    loudness = torch.maximum(_by_chunk(reference_rows), _by_chunk(torch.full_like(reference_rows, size * unit**2)))
    chunk = (_by_chunk(error_rows) / loudness).max().sqrt().item()
    loud = reference_rows > size * (QUIET * unit) ** 2
    dot = (got * reference).sum(-1)
    norms = (got.square().sum(-1) * reference_rows).sqrt()
    cosine = torch.where(loud, dot / norms.clamp_min(1e-300), 1.0).min().item() if scale else 1.0
    return Errors(0, _rms(error) / unit, chunk, cosine)


def relative_rms(output: torch.Tensor, reference: torch.Tensor) -> float:
    """NaN where the output is not finite."""
    if not bool(torch.isfinite(output).all()):
        return math.nan
    return _rms(output.to(reference.dtype) - reference) / (_rms(reference) or 1.0)


def _rms(x: torch.Tensor) -> float:
    return x.square().mean().sqrt().item()


def _by_chunk(rows: torch.Tensor) -> torch.Tensor:
    """[B, T, H] -> [B, N, H], summed over 64 rows of time."""
    padded = torch.nn.functional.pad(rows, (0, 0, 0, -rows.shape[1] % CHUNK))
    return padded.unflatten(1, (-1, CHUNK)).sum(2)
