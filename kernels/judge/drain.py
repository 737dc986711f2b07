"""What a worker prints: kept for people up to a cap, never parsed."""

from __future__ import annotations

import os
import threading


class Drain:
    """Drains a pipe for ever and keeps the first `cap` bytes, so that a flood costs only its author."""

    def __init__(self, fd: int, cap: int):
        self._fd, self._cap, self._kept = fd, cap, bytearray()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while part := os.read(self._fd, 1 << 16):
            if len(self._kept) < self._cap:
                self._kept += part[: self._cap - len(self._kept)]

    def finish(self) -> None:
        self._thread.join(timeout=2.0)
        if not self._thread.is_alive():
            os.close(self._fd)

    def text(self) -> str:
        self._thread.join(timeout=0.2)
        return bytes(self._kept).decode("utf-8", "replace")
