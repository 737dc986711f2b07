"""Digests of outputs, for the replay of a verdict."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

ROWS = 64
MOST_BYTES = 4 * 1024 * 1024


def of_output(output: torch.Tensor, stream: np.random.Generator) -> str:
    """sha256 of an output [B, T, ...]; of a long one, of runs of 64 rows that the key chooses, 4 MiB in all."""
    import torch  # a record can be read without it

    rows = output.flatten(0, 1)
    if output.nbytes > MOST_BYTES:
        runs = len(rows) // ROWS
        chosen = np.sort(stream.permutation(runs)[: MOST_BYTES * len(rows) // (output.nbytes * ROWS)])
        index = torch.from_numpy(chosen).to(output.device)
        rows = rows[: runs * ROWS].unflatten(0, (runs, ROWS))[index]
    return hashlib.sha256(rows.contiguous().cpu().view(-1).view(torch.uint8).numpy()).hexdigest()
