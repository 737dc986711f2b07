"""nvidia-smi, for what changes a GPU's settings, and for facts that the NVML of a host does not give."""

from __future__ import annotations

import math
import subprocess

from judge.gpu.reading import Lacking, Reading

SECONDS = 30
MIB = 2**20


def run(*arguments: str) -> str:
    """What it prints. Raises Lacking, with its own words, where it is missing, hangs or fails."""
    try:
        done = subprocess.run(["nvidia-smi", *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)
    except FileNotFoundError as error:
        raise Lacking("nvidia-smi is not on PATH") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Lacking(f"nvidia-smi: {error}") from error
    if done.returncode != 0:
        said = " ".join((done.stdout + " " + done.stderr).split())
        raise Lacking(f"nvidia-smi {' '.join(arguments)} ended with {done.returncode}: {said[:300]}")
    return done.stdout


def query(gpu: str | None, *fields: str) -> list[str]:
    """The values of one GPU, as printed without units; fails where there are several and none is named."""
    chosen = ["-i", gpu] if gpu else []
    lines = run(*chosen, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits").strip().splitlines()
    if len(lines) != 1:
        raise Lacking(f"nvidia-smi lists {len(lines)} GPUs where one was expected")
    values = [value.strip() for value in lines[0].split(",")]
    if len(values) != len(fields):
        raise Lacking(f"nvidia-smi answers {lines[0][:200]!r} for {', '.join(fields)}")
    return values


def number(value: str) -> float:
    """Of a printed value; `[N/A]`, `[Not Supported]` and the like are a failure, never a zero."""
    try:
        found = float(int(value, 16)) if value.lower().startswith("0x") else float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise Lacking(f"nvidia-smi does not know it: {value[:60]}")
    return found


def compute_processes(gpu: str) -> list[tuple[int, int]]:
    """(pid, bytes) of every process with a context on the GPU; 0 bytes where the driver does not tell."""
    text = run("-i", gpu, "--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits")
    found = []
    for line in text.strip().splitlines():
        pid, _, used = line.partition(",")
        try:
            found.append((int(pid), int(used) * MIB if used.strip().isdigit() else 0))
        except ValueError as error:
            raise Lacking(f"nvidia-smi lists a process as {line[:100]!r}") from error
    return found


class Smi:
    """The same facts as `Nvml`, by nvidia-smi: far slower, so only for what is lacking there."""

    def __init__(self, gpu: str | None):
        self._gpu = query(gpu, "uuid")[0]

    def name(self) -> str:
        return self._one("name")

    def uuid(self) -> str:
        return self._gpu

    def driver(self) -> str:
        return self._one("driver_version")

    def memory(self) -> tuple[int, int]:
        total, used = (int(number(v)) * MIB for v in self._ask("memory.total", "memory.used"))
        return total, used

    def power_limit(self) -> float:
        return number(self._one("power.limit"))

    def persistence(self) -> bool:
        return self._one("persistence_mode") == "Enabled"

    def reading(self) -> Reading:
        fields = ("clocks.sm", "power.draw", "temperature.gpu", "clocks_throttle_reasons.active")
        mhz, watts, celsius, reasons = (number(v) for v in self._ask(*fields))
        return Reading(int(mhz), watts, int(celsius), int(reasons))

    def processes(self) -> list[tuple[int, int]]:
        return sorted(compute_processes(self._gpu))

    def _ask(self, *fields: str) -> list[str]:
        return query(self._gpu, *fields)

    def _one(self, field: str) -> str:
        return self._ask(field)[0]
