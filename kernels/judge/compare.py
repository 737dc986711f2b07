"""How far an output is from the reference. Finite first: every test is written so that NaN fails it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

CHUNK = 64
# The direction of a row quieter than this part of the tensor's RMS is noise.
QUIET = 0.25
# Elements looked at together: on a GPU about forty bytes each, on a CPU what its caches hold.
BLOCK = {"cpu": 1 << 17, "cuda": 1 << 24}


@dataclass(frozen=True)
class Errors:
    """Relative to the reference's RMS, or absolute where the reference is zero throughout.

    A chunk's error is relative to the larger of its own RMS and the tensor's: upstream's rounding of a faint write is
    large beside the faint chunk alone (12 % on long memory), and small beside what the op answers. `signed_mean` is the
    size of the mean error: honest rounding has no direction.
    """

    nonfinite: int
    rel_rms: float
    chunk_rms: float
    row_cosine: float
    signed_mean: float


def errors(output: torch.Tensor, reference: torch.Tensor) -> Errors:
    """output [B, T, H, S] of any float dtype, reference fp32 or fp64 of the same shape, on the same device.

    Chunks are 64 rows of one head. Values meet in the reference's dtype and are summed in fp64.
    """
    batch, time, heads, size = reference.shape
    error_rows, reference_rows, output_rows, dots = torch.empty(
        4, batch, time, heads, dtype=torch.float64, device=reference.device
    )
    signed = reference_rows.new_zeros(())
    nonfinite = torch.zeros((), dtype=torch.int64, device=reference.device)
    step = max(1, BLOCK[reference.device.type] // (batch * heads * size))
    for first in range(0, time, step):
        part = slice(first, first + step)
        wanted, got = reference[:, part], output[:, part].to(reference.dtype)
        error = got - wanted
        nonfinite += torch.isfinite(got).logical_not_().sum()
        signed += error.sum(dtype=torch.float64)
        product = torch.empty_like(error)
        for rows, one, other in (
            (error_rows, error, error),
            (reference_rows, wanted, wanted),
            (output_rows, got, got),
            (dots, got, wanted),
        ):
            torch.sum(torch.mul(one, other, out=product), -1, dtype=torch.float64, out=rows[:, part])

    count = reference.numel()
    scale = (reference_rows.sum() / count).sqrt()
    unit = torch.where(scale > 0, scale, 1.0)
    # Chunks of the padded end are relative to the rows that they have.
    lengths = _by_chunk(torch.ones_like(reference_rows[:1, :, :1]))
    loudness = torch.maximum(_by_chunk(reference_rows), lengths * (size * unit.square()))
    chunk = (_by_chunk(error_rows) / loudness).max().sqrt()
    loud = reference_rows > size * (QUIET * unit).square()
    norms = (output_rows * reference_rows).sqrt().clamp_min(1e-300)
    cosine = torch.where(loud & (scale > 0), dots / norms, 1.0).min()
    whole = (error_rows.sum() / count).sqrt() / unit
    figures = torch.stack([nonfinite.to(torch.float64), whole, chunk, cosine, signed.abs() / count / unit]).tolist()
    bad, *figures = figures
    return Errors(int(bad), *([math.nan] * 4 if bad else figures))


def relative_rms(output: torch.Tensor, reference: torch.Tensor) -> float:
    """NaN where the output is not finite."""
    error = (output.to(reference.dtype) - reference).square().mean(dtype=torch.float64).sqrt()
    scale = reference.square().mean(dtype=torch.float64).sqrt()
    found, finite = torch.stack([error / torch.where(scale > 0, scale, 1.0), torch.isfinite(output).all()]).tolist()
    return found if finite else math.nan


def _by_chunk(rows: torch.Tensor) -> torch.Tensor:
    """[B, T, H] -> [B, N, H], summed over 64 rows of time."""
    padded = torch.nn.functional.pad(rows, (0, 0, 0, -rows.shape[1] % CHUNK))
    return padded.unflatten(1, (-1, CHUNK)).sum(2)
