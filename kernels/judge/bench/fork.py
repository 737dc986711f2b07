"""A checkout on this machine as the submission of a bench: its five files, and the length that its quasar.yml names."""

from __future__ import annotations

import re
from pathlib import Path

from judge.claim import Claim
from judge.faults import Refused
from judge.task import Task

SHORTEST, LONGEST = 64, 4_194_304
MAX_LENGTHS = 16
# The App reads the file in full; a bench wants one plain number of it.
TARGET_LINE = re.compile(r"^target_sequence_length:[ \t]*(\d{1,9})[ \t]*(?:#.*)?$", re.MULTILINE)


def files_of(task: Task, path: Path) -> dict[str, bytes]:
    """The task's target files below `path`. Raises Refused when one is missing."""
    if not path.is_dir():
        raise Refused(f"{path} is not a directory: --path takes a checkout of your fork")
    files = {}
    for name in task.data["targetFiles"]:
        file = path / name
        if file.is_symlink() or not file.is_file():
            raise Refused(
                f"{file} is missing (or a link): a submission has all of {', '.join(task.data['targetFiles'])}"
            )
        files[name] = file.read_bytes()
    return files


def named_target(task: Task, path: Path) -> int | None:
    """The target length in the checkout's quasar.yml, None without one. Raises Refused outside of the task's limits."""
    try:
        found = TARGET_LINE.search((path / "quasar.yml").read_text("utf-8")[: 64 * 1024])
    except (OSError, ValueError):
        return None
    if found is None:
        return None
    target, limits = int(found[1]), task.data["targetLengths"]
    if not limits["min"] <= target <= limits["max"]:
        raise Refused(
            f"{path / 'quasar.yml'}: target_sequence_length {target} is outside of the task's limits, "
            f"{limits['min']} to {limits['max']}"
        )
    return target


def claim_of(task: Task, files: dict[str, bytes], lengths: list[int]) -> Claim:
    """A claim without evaluation and nonce, which no server takes; the longest length is the target."""
    lengths = sorted(set(lengths))
    if not lengths or len(lengths) > MAX_LENGTHS or lengths[0] < SHORTEST or lengths[-1] > LONGEST:
        raise Refused(f"--seq-len takes up to {MAX_LENGTHS} lengths from {SHORTEST} to {LONGEST}")
    return Claim(
        evaluation=None,
        nonce=None,
        task=task.identity(),
        upstream=task.upstream,
        lengths=tuple(lengths),
        target_length=lengths[-1],
        files=files,
        total_seconds=task.limits["totalSeconds"],
    )
