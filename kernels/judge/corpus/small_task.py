"""A task made small: a whole evaluation takes moments. For the corpus and the tests of the judge, never to rank."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from judge.claim import Claim
from judge.task import KERNELS_DIR, Task, load_task
from judge.upstream import cached_upstream

MINIATURE = KERNELS_DIR.parent / "tests/fixtures/upstream"
NONCE = "ab" * 16
TASKS = {"cpu": "quasar_demo", "cuda": "quasar"}


@dataclass(frozen=True)
class Sizes:
    """`gate_lengths` maps the lengths of the task's gates to ours; gates at other lengths are left out."""

    length: int
    target: int
    rounds: int
    gate_lengths: Mapping[int, int]
    max_seconds: int


SIZES = {
    "cpu": Sizes(128, 192, 1, {512: 128}, 60),
    "cuda": Sizes(512, 4096, 5, {512: 512, 2048: 2048}, 60),
}


def with_limits(task: Task, **limits) -> Task:
    """The task with some of the worker's limits replaced."""
    worker = {**task.data["worker"], "limits": {**task.limits, **limits}}
    return replace(task, data={**task.data, "worker": worker})


def small_task(device: str = "cpu", **limits) -> Task:
    """The device's task at small lengths, with few rounds; `limits` replace the worker's."""
    task, sizes = with_limits(load_task(TASKS[device]), **limits), SIZES[device]
    gates = [
        {**gate, "length": sizes.gate_lengths[gate["length"]]}
        for gate in task.data["gates"]
        if gate["length"] in sizes.gate_lengths
    ]
    few = {"minRoundsPerClass": sizes.rounds, "minRounds": sizes.rounds, "maxSeconds": sizes.max_seconds, "ownNs": {}}
    data = {
        "lengths": [sizes.length],
        "targetLengths": {"min": sizes.target, "max": sizes.target},
        "gates": gates,
        "timing": {kind: {**rules, **few} for kind, rules in task.data["timing"].items()},
    }
    return Task({**task.data, **data}, task.family)


def claim_of(task: Task, files: dict[str, bytes]) -> Claim:
    """A claim on a small task, as the App would hand it over."""
    lengths, target = tuple(task.data["lengths"]), task.data["targetLengths"]["max"]
    return Claim(7, NONCE, task.identity(), task.upstream, lengths, target, files, task.limits["totalSeconds"])


def judge_files(files: dict[str, bytes], task: Task, upstream: Path, boxed: bool = True, alone: bool = True) -> dict:
    """-> the ordinary Evaluation's result, and its progress lines under `progress`.

    `alone` is False where others use the device at the same time: times then mean nothing.
    """
    from judge.device import open_device
    from judge.evaluation import Evaluation
    from judge.progress import Progress
    from judge.result import Record

    claim = claim_of(task, files)
    record = Record(evaluation=claim.evaluation, nonce=NONCE, task=task.identity(), target_length=claim.target_length)
    record.upstream_tree = task.data["upstream"]["tree"]
    lines: list[dict] = []
    device = open_device(task.device, alone)
    Evaluation(claim, task, upstream, Progress(lines.append), record, boxed, device).run()
    return {**record.finish(), "progress": lines}


def upstream_for(device: str, place: Path, given: Path | None = None) -> Path:
    """The pinned tree: the miniature copied to `place` on the CPU, else the directory given or the host's cache."""
    if given is not None:
        return given
    if device == "cpu":
        copied = place / "upstream"
        shutil.copytree(MINIATURE, copied, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        return copied
    pinned = load_task(TASKS[device]).upstream
    return cached_upstream(pinned["url"], pinned["commit"], pinned["tree"])
