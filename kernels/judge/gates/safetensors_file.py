"""Reading tensors out of a .safetensors file: 8 bytes of header length, a JSON header, then the raw tensors.

The file is mapped, not loaded: a tensor costs memory only once it is copied elsewhere.
"""

from __future__ import annotations

import json
import math
import mmap
from pathlib import Path

import torch

MAX_HEADER_BYTES = 100 * 1024 * 1024
DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "F64": torch.float64}


class SafetensorsError(Exception):
    """The file cannot be used; the message names it and says what to do."""


class SafetensorsFile:
    """The tensors of one file by name. Every offset is checked against the file's size before anything is read."""

    def __init__(self, path: Path):
        self.path = path
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                if size < 8:
                    raise self._error(f"it has {size} bytes: copy it again")
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise self._error(f"{error.strerror}: give the directory that holds it") from error
        header_bytes = int.from_bytes(self._map[:8], "little")
        if header_bytes > min(size - 8, MAX_HEADER_BYTES):
            raise self._error(
                f"its header would take {header_bytes} bytes of {size}: it is cut short, or no safetensors"
            )
        try:
            header = json.loads(self._map[8 : 8 + header_bytes])
        except ValueError as error:
            raise self._error("its header is not JSON: it is damaged, or no safetensors") from error
        if not isinstance(header, dict):
            raise self._error("its header is not a JSON object: it is damaged")
        self._start = 8 + header_bytes
        self._entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        for name, entry in self._entries.items():
            self._check(name, entry, size - self._start)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def tensor(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        """A copy of one tensor, on the CPU and in the file's dtype. Raises when it is absent or of another shape."""
        if name not in self._entries:
            raise self._error(f"it lacks {name}: it is of another kind of model")
        entry = self._entries[name]
        if tuple(entry["shape"]) != shape:
            raise self._error(
                f"{name} has shape {entry['shape']}, expected {list(shape)}: it is of another size of model"
            )
        begin, end = entry["data_offsets"]
        raw = bytearray(memoryview(self._map)[self._start + begin : self._start + end])
        return torch.frombuffer(raw, dtype=DTYPES[entry["dtype"]]).view(shape)

    def _check(self, name: str, entry: object, available: int) -> None:
        try:
            dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
            counts = [*shape, begin, end]
        except (TypeError, KeyError, ValueError) as error:
            raise self._error(f"the header's entry of {name[:80]} is malformed") from error
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise self._error(f"{name[:80]} is {str(dtype)[:20]}: convert the model to bfloat16")
        if not all(isinstance(n, int) and n >= 0 for n in counts):
            raise self._error(f"the header's entry of {name[:80]} is malformed")
        if end - begin != math.prod(shape) * DTYPES[dtype].itemsize:
            raise self._error(
                f"{name[:80]} has {end - begin} bytes, which do not fit its shape and dtype: it is damaged"
            )
        if end > available:
            raise self._error(
                f"{name[:80]} ends {end - available} bytes after the file: it is cut short, copy it again"
            )

    def _error(self, what: str) -> SafetensorsError:
        return SafetensorsError(f"cannot use {self.path}: {what}")
