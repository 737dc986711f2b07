"""Progress lines: shown to people, never decisive."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import TextIO

EVERY_NS = 500_000_000
BAR = 24


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


class Bar:
    """For people: a bar that is redrawn on a terminal, one line at the beginning of each stage elsewhere."""

    def __init__(self, stream: TextIO = sys.stderr, clock: Callable[[], float] = time.monotonic):
        self._stream, self._clock = stream, clock
        self._began = clock()
        self._terminal = stream.isatty()
        self._open = False  # a line that has no end yet

    def __call__(self, record: dict) -> None:
        done, total = record["done"], record["total"]
        elapsed = int(self._clock() - self._began)
        head = f"{elapsed // 60:3}:{elapsed % 60:02}  {record['stage']:<8}"
        if not self._terminal:
            if done == 0:
                self._write(f"{head} {total} steps\n" if total else f"{head.rstrip()}\n")
            return
        whole = total > 0 and done == total
        share = done / total if total else 0.0
        filled = int(share * BAR)
        self._write(f"\r\033[K{head} [{'#' * filled}{'-' * (BAR - filled)}] {share:4.0%}  {done}/{total}")
        self._open = True
        if whole:
            self.close()

    def close(self) -> None:
        """Ends a bar that stands in the middle of its stage, so that other text begins a line."""
        if self._open:
            self._write("\n")
        self._open = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
