"""Reads a JSON list of sources from stdin; prints a JSON list: null where this Python compiles one, else why not."""
from __future__ import annotations

import json
import sys
import warnings

warnings.simplefilter("ignore")


def refusal(source: str) -> str | None:
    try:
        compile(source.encode("utf-8", "surrogatepass"), "kernel.py", "exec", dont_inherit=True)
    except BaseException as error:  # noqa: BLE001 - MemoryError and RecursionError are refusals too
        return f"{type(error).__name__}: {error}"[:200]
    return None


print(json.dumps([refusal(source) for source in json.load(sys.stdin)]))
