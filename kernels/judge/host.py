"""What the judge asks of its own process before it measures."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache


@contextmanager
def loading() -> Iterator[None]:
    """For the imports that load PyTorch: all of it stays, and looking for garbage in it is a fifth of the time."""
    if "torch" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def forbid_dumps() -> None:
    """Makes the judge non-dumpable: no other process of its uid can attach to it or read its memory."""
    pr_set_dumpable = 4
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_dumpable, 0, 0, 0, 0)


def keep_freed_memory() -> None:
    """Lets glibc re-use large blocks: unmapping every reference tensor costs a third of its comparison."""
    mmap_threshold, trim_threshold = -3, -1
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(mmap_threshold, 1 << 25)
        libc.mallopt(trim_threshold, 1 << 30)


@cache
def split_cpus() -> tuple[frozenset[int], frozenset[int]]:
    """(judge's, worker's) CPUs: disjoint where there are at least four, else all for both.

    Of those that the process began with: later the judge keeps to its own.
    """
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 4:
        return frozenset(cpus), frozenset(cpus)
    half = len(cpus) // 2
    return frozenset(cpus[:half]), frozenset(cpus[half:])
