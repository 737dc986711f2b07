"""Progress lines: shown to people, never decisive."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import TextIO

EVERY_NS = 500_000_000


class Progress:
    """Calls `emit` with {seq, stage, done, total, keySha256?}: each stage's first and last step, and twice a second."""

    def __init__(self, emit: Callable[[dict], None], clock: Callable[[], int] = time.monotonic_ns):
        self._emit, self._clock = emit, clock
        self._seq, self._last_ns = 0, 0
        self._stage, self._done, self._total = "tree", 0, 0

    def stage(self, name: str, total: int, key_sha256: str | None = None) -> None:
        self._stage, self._done, self._total = name, 0, total
        self._send({"keySha256": key_sha256} if key_sha256 else {})

    def step(self) -> None:
        self._done = min(self._done + 1, self._total)
        if self._done == self._total or self._clock() - self._last_ns >= EVERY_NS:
            self._send({})

    def _send(self, more: dict) -> None:
        self._last_ns = self._clock()
        self._emit({"seq": self._seq, "stage": self._stage, "done": self._done, "total": self._total, **more})
        self._seq += 1


def json_lines(stream: TextIO) -> Callable[[dict], None]:
    def emit(record: dict) -> None:
        stream.write(json.dumps(record) + "\n")
        stream.flush()

    return emit


def one_line(stream: TextIO = sys.stderr) -> Callable[[dict], None]:
    """For people: a single line that is rewritten on a terminal, one line per stage elsewhere."""
    terminal = stream.isatty()

    def emit(record: dict) -> None:
        done, total = record["done"], record["total"]
        if terminal:
            stream.write(f"\r\033[K{record['stage']} {done}/{total}")
        elif done in (0, total):
            stream.write(f"{record['stage']} {done}/{total}\n")
        if terminal and done == total:
            stream.write("\n")
        stream.flush()

    return emit
