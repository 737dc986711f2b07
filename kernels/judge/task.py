"""`kernels/<task>/task.json`: everything about a competition that is data."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from judge.canonical import canonical_json

KERNELS_DIR = Path(__file__).resolve().parent.parent
CALIBRATED = "calibrated.json"
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class TaskError(Exception):
    """The task cannot be read; the message names the file."""


@dataclass(frozen=True)
class Task:
    """A resolved task. `data` is the whole record; `family` names the folder that holds reference and inputs.

    `boards`: by kind of device, the name of the board that the family's `ownNs` were measured on (calibrated.json).
    """

    data: dict
    family: str
    boards: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def digest(self) -> str:
        """sha256 of the canonical record, as the App's `taskDigest`."""
        return hashlib.sha256(canonical_json(self.data).encode()).hexdigest()

    @property
    def device(self) -> str:
        return self.data["device"]

    @property
    def limits(self) -> dict:
        return self.data["worker"]["limits"]

    @property
    def upstream(self) -> dict:
        """The pin as claims carry it."""
        return {name: self.data["upstream"][name] for name in ("url", "commit", "tree")}

    def identity(self) -> dict:
        return {"name": self.name, "version": self.data["version"], "digest": self.digest}

    def reference(self) -> ModuleType:
        return importlib.import_module(f"{self.family}.reference")

    def inputs(self) -> ModuleType:
        return importlib.import_module(f"{self.family}.inputs")

    def limit(self, gate: str, input_class: str, length: int) -> float:
        """The limit of a gate: its entry for the greatest length not above `length`, else the shortest one's."""
        found = [g for g in self.data["gates"] if g["name"] == gate and g["input"] == input_class]
        if not found:
            raise TaskError(f"kernels/{self.name}/task.json: no limit for gate {gate} on {input_class}")
        reached = [g for g in found if g["length"] <= length]
        entry = max(reached, key=lambda g: g["length"]) if reached else min(found, key=lambda g: g["length"])
        return entry["limit"]


def load_task(name: str, kernels_dir: Path = KERNELS_DIR) -> Task:
    """Reads a task and what it extends: keys of the extending task replace those of its base, whole."""
    data, family = _read(name, kernels_dir, [])
    file = kernels_dir / family / CALIBRATED
    try:
        boards = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise TaskError(f"cannot read {file}: {error}") from error
    return Task(data, family, boards)


def _read(name: str, kernels_dir: Path, seen: list[str]) -> tuple[dict, str]:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise TaskError(f"no task is named {str(name)[:80]!r}")
    if name in seen:
        raise TaskError(f"task {name} extends itself: {' -> '.join([*seen, name])}")
    file = kernels_dir / name / "task.json"
    try:
        own = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise TaskError(f"cannot read task {name} at {file}: {error}") from error
    has_reference = (kernels_dir / name / "reference.py").is_file()
    if not isinstance(own.get("extends"), str):
        if not has_reference:
            raise TaskError(f"task {name} has no reference.py beside {file}")
        return own, name
    base, family = _read(own["extends"], kernels_dir, [*seen, name])
    return {**base, **own}, name if has_reference else family
