"""What a worker prints: kept for people up to a cap, never parsed."""

from __future__ import annotations

import os
import threading

LEFT_OUT = b"\n[... %d bytes left out ...]\n"
MARK_BYTES = len(LEFT_OUT) + 20


class Drain:
    """Drains a pipe for ever and keeps its beginning and its end, `cap` bytes in all: a flood costs only its author."""

    def __init__(self, fd: int, cap: int):
        self._fd, self._cap = fd, cap
        self._head_cap = cap // 2
        self._tail_cap = max(0, cap - self._head_cap - MARK_BYTES)
        self._head, self._rest, self._seen = bytearray(), bytearray(), 0
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while part := os.read(self._fd, 1 << 16):
            self._seen += len(part)
            room = self._head_cap - len(self._head)
            self._head += part[: max(0, room)]
            self._rest += part[max(0, room) :]
            if len(self._rest) > 2 * self._cap:
                del self._rest[: -self._cap]

    def finish(self) -> None:
        self._thread.join(timeout=2.0)
        if not self._thread.is_alive():
            os.close(self._fd)

    def text(self) -> str:
        self._thread.join(timeout=0.2)
        head, rest, seen = bytes(self._head), bytes(self._rest), self._seen
        if seen > self._cap:
            rest = rest[len(rest) - self._tail_cap :]
            rest = LEFT_OUT % (seen - len(head) - len(rest)) + rest
        return (head + rest)[: self._cap].decode("utf-8", "replace")
