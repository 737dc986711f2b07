"""The result record: filled in as facts arrive, valid at any moment, so that even a crash can be reported."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from judge import verdict

NO_SHA256 = "0" * 64
NO_SHA = "0" * 40
MAX_LOG = 65_536


@dataclass
class Record:
    """Facts of one evaluation; `finish` turns them into the contracts' result."""

    judge_commit: str = "unknown"
    evaluation: int | None = None
    nonce: str | None = None
    task: dict = field(default_factory=lambda: {"name": "unknown", "version": 1, "digest": NO_SHA256})
    upstream_tree: str = NO_SHA
    digest: str = NO_SHA256
    device: dict = field(default_factory=lambda: cpu_device())
    sandbox: dict = field(default_factory=lambda: {"active": [], "missing": []})
    key: dict = field(default_factory=lambda: {"sha256": NO_SHA256, "value": NO_SHA256})
    faults: list[tuple[str, str]] = field(default_factory=list)
    gates: list[dict] = field(default_factory=list)
    measurements: list[dict] = field(default_factory=list)
    yardstick: list[dict] = field(default_factory=list)
    samples: list[dict] = field(default_factory=list)
    locked: bool = False
    versions: dict[str, str] = field(default_factory=lambda: versions())
    flags: list[str] = field(default_factory=list)
    outputs: list[dict] = field(default_factory=list)
    # Figures of the logit check that are shown and decide nothing.
    logits: dict | None = None
    log: str = ""
    # What was done at which second since the record was made: where the time goes, for people.
    timeline: list[tuple[str, float]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    target_length: int | None = None

    def mark(self, name: str) -> None:
        """Notes that `name` is done now."""
        self.timeline.append((name, round(time.monotonic() - self._began, 3)))

    def report_logits(self, figures: dict) -> None:
        self.logits = figures

    def finish(self) -> dict:
        measured = any(m["length"] == self.target_length for m in self.measurements)
        return {
            "schema": 1,
            "evaluation": self.evaluation,
            "nonce": self.nonce,
            "task": self.task,
            "judge": {"commit": self.judge_commit[:80]},
            "upstream": {"tree": self.upstream_tree},
            "digest": self.digest,
            "device": self.device,
            "sandbox": self.sandbox,
            "key": self.key,
            "verdict": verdict.decide(self.faults, self.gates, measured),
            "gates": self.gates[:512],
            "measurements": self.measurements,
            "conditions": {
                "yardstick": self.yardstick,
                "locked": self.locked,
                "samples": self.samples,
                "versions": self.versions,
            },
            **({"logits": self.logits} if self.logits else {}),
            "flags": sorted(set(self.flags)),
            "outputs": self.outputs[:4096],
            "untrusted": {"log": self.log[-MAX_LOG:], "seconds": dict(self.timeline)},
        }


def write(result: dict, path: Path) -> None:
    """Whole or not at all: a reader never sees half a result."""
    text = json.dumps(result, allow_nan=False, indent=1)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    partial.write_text(text + "\n", "utf-8")
    partial.replace(path)


def cpu_device() -> dict:
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass  # the architecture's name stands
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"kind": "cpu", "name": name[:200], "uuid": "", "driver": "", "memoryBytes": memory, "powerLimitW": 0}


def versions() -> dict[str, str]:
    from importlib import metadata

    found = {"python": platform.python_version(), "kernel": platform.release(), "executable": sys.implementation.name}
    for name in ("torch", "triton", "numpy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # triton is optional on a CPU
    return {name: value[:200] for name, value in found.items()}
