"""Neutral files over what names this very host: the boot id, the processor, the GPU's entry under /proc.

A courtesy against kernels that behave differently where they recognise a host, and not a wall: the CPUID instruction
and CUDA's own calls still tell. Where a file cannot be covered the judge goes on, and `masked_identity` is missing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

BOOT_ID = "/proc/sys/kernel/random/boot_id"
CPUINFO = "/proc/cpuinfo"
GPUS = "/proc/driver/nvidia/gpus"
NO_BOOT_ID = "00000000-0000-4000-8000-000000000000\n"
# Model, microcode, clock and cache are left out; libraries ask the processor itself for what they need.
KEPT = ("processor", "vendor_id", "cpu family", "physical id", "siblings", "core id", "cpu cores", "apicid")
KEPT += ("initial apicid", "fpu", "fpu_exception", "wp", "flags")
# Arm has no CPUID: there these lines are how libraries choose their code.
KEPT += ("Features", "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision")


def neutral_cpuinfo(text: str) -> str:
    """The same processors and features in the same form, without what tells one model or moment from another."""
    lines = []
    for line in text.splitlines():
        name = line.partition(":")[0].strip()
        if name == "model name":
            lines.append("model name\t: processor")
        elif not name or name in KEPT:
            lines.append(line)
    return "\n".join(lines) + "\n"


def masks(place: Path, holds: Callable[[dict[str, str]], bool]) -> dict[str, str]:
    """-> {path inside: neutral file or empty directory below `place`}: all that can be covered on this host.

    `holds` tries whether a box with these covers can be built.
    """
    found = _write(place)
    if holds(found):
        return found
    return {path: cover for path, cover in found.items() if holds({path: cover})}


def digests(covers: dict[str, str]) -> dict[str, str]:
    """-> {path inside: what must be read there}: sha256 of a file, "" for an empty directory."""
    return {
        path: "" if os.path.isdir(cover) else hashlib.sha256(Path(cover).read_bytes()).hexdigest()
        for path, cover in covers.items()
    }


def wanted() -> set[str]:
    """The paths of this host that are to be covered."""
    return {path for path in (BOOT_ID, CPUINFO, GPUS) if os.path.exists(path)}


def _write(place: Path) -> dict[str, str]:
    directory = place / "neutral"
    directory.mkdir(mode=0o755)
    content = {BOOT_ID: NO_BOOT_ID, CPUINFO: neutral_cpuinfo(Path(CPUINFO).read_text(errors="replace")), GPUS: None}
    covers = {}
    for path in sorted(wanted()):
        cover = directory / os.path.basename(path)
        text = content[path]
        if text is None:
            cover.mkdir(mode=0o755)
        else:
            cover.write_text(text)
            cover.chmod(0o644)
        covers[path] = str(cover)
    return covers
