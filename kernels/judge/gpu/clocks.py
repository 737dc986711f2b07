"""Clocks of the GPU: locked only where the host's own configuration asks for it, watched everywhere."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress

from judge.faults import Refused
from judge.gpu import nvidia_smi
from judge.gpu.nvml import Gpu
from judge.gpu.reading import SW_POWER_CAP, THROTTLING, Lacking, Reading

VARIABLE = "QUASAR_LOCK_CLOCKS"
LOWEST, HIGHEST = 200, 5000
TOLERANCE_MHZ = 50
LOOKS = 5
LOOK_SECONDS = 0.05

Load = Callable[[], AbstractContextManager[None]]

INTERVAL_NS = 1_000_000_000
SAMPLES = 64
LOWEST_SHARE = 0.97
MAX_MARKED = 0.20


def asked(environment: Mapping[str, str]) -> int | None:
    """MHz that this host's configuration asks for, None where it asks for nothing. Never part of a claim or a task."""
    text = environment.get(VARIABLE, "").strip()
    if text == "":
        return None
    if not (re.fullmatch(r"[0-9]{3,4}", text) and LOWEST <= int(text) <= HIGHEST):
        raise Refused(f"{VARIABLE}={text[:40]!r} is no clock in MHz from {LOWEST} to {HIGHEST}: correct or remove it")
    return int(text)


@contextmanager
def held(
    gpu: Gpu,
    mhz: int | None,
    required: bool,
    load: Load,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Locks the SM clock to `mhz` while the block runs, verified under `load`; does nothing when it is None.

    A lock that a killed run left behind is removed first, and ours however the block ends. Raises Refused where the
    task requires a lock and the host has none, where the host may not lock, and where the clock is not what was set.
    """
    if mhz is None:
        if required:
            raise Refused(
                f"this task ranks on locked clocks only: set {VARIABLE} (1500 suits an H200) on this host, as root"
            )
        yield
        return
    uuid = gpu.identity()["uuid"]
    _set(uuid, "--reset-gpu-clocks")
    try:
        _set(uuid, f"--lock-gpu-clocks={mhz},{mhz}")
        _verify(gpu, mhz, load, pause)
        yield
        _set(uuid, "--reset-gpu-clocks")
    except BaseException:
        with suppress(Refused):  # what happened first is what counts, and the next start unlocks
            _set(uuid, "--reset-gpu-clocks")
        raise


def _set(uuid: str, setting: str) -> None:
    try:
        nvidia_smi.run("-i", uuid, setting)
    except Lacking as error:
        raise Refused(
            f"{VARIABLE} asks for a locked clock, and {error}. Run as root, or remove the variable."
        ) from error


def _verify(gpu: Gpu, mhz: int, load: Load, pause: Callable[[float], None]) -> None:
    seen = []
    with load():
        for _ in range(LOOKS):
            pause(LOOK_SECONDS)
            seen.append(gpu.reading().sm_mhz)
    if any(abs(found - mhz) > TOLERANCE_MHZ for found in seen):
        raise Refused(
            f"the clock was locked to {mhz} MHz and runs at {min(seen)} to {max(seen)} MHz under load: "
            f"set {VARIABLE} to what this GPU can hold"
        )


class Watch:
    """Looks at the GPU at most once a second, and marks the looks that found it slower than it should be."""

    def __init__(self, gpu: Gpu, locked_mhz: int | None = None):
        self._gpu, self._locked_mhz = gpu, locked_mhz
        self._last_ns: int | None = None
        self._samples: list[dict] = []
        self._marked = 0

    def sample(self, now_ns: int) -> None:
        """To be called before a round, outside of the clock; within a second of the last look it does nothing."""
        if self._last_ns is not None and now_ns - self._last_ns < INTERVAL_NS:
            return
        self._last_ns = now_ns
        reading = self._gpu.reading()
        self._samples.append(reading.sample())
        self._marked += is_marked(reading, self._locked_mhz)

    def samples(self) -> list[dict]:
        """At most 64, spread evenly over all that were taken, the first and the last among them."""
        taken = len(self._samples)
        if taken <= SAMPLES:
            return list(self._samples)
        return [self._samples[i * (taken - 1) // (SAMPLES - 1)] for i in range(SAMPLES)]

    def marked_share(self) -> float:
        """Of all looks so far."""
        return self._marked / len(self._samples) if self._samples else 0.0

    def too_many_marked(self) -> str | None:
        """What to say when more than 20 % of the looks were marked, and the run says nothing (`infra`); else None.

        Looks are counted, not rounds: where calls are short one look stands for many of them.
        """
        if self.marked_share() <= MAX_MARKED:
            return None
        return f"the GPU was throttled or below its locked clock in {self.marked_share():.0%} of the looks at it"


def is_marked(reading: Reading, locked_mhz: int | None) -> bool:
    """Throttled, or below 97 % of the lock.

    Without a lock the power cap is what bounds the clock of any GPU under load: there the yardstick decides.
    """
    harmless = SW_POWER_CAP if locked_mhz is None else 0
    if any(reading.reasons & bit for bit in THROTTLING if bit != harmless):
        return True
    return locked_mhz is not None and not reading.idle and reading.sm_mhz < LOWEST_SHARE * locked_mhz
