"""Runs the whole judge on a submission made of the miniature upstream and a few changed files, at small sizes."""

from __future__ import annotations

import json

import jsonschema
from conftest import REPOSITORY
from judge.claim import Claim
from judge.evaluation import Evaluation
from judge.progress import Progress
from judge.result import Record
from judge.task import Task, load_task

UPSTREAM = REPOSITORY / "tests/fixtures/upstream"
CHUNK = "fla/ops/quasar/chunk.py"
LENGTH, TARGET = 128, 192
SCHEMA = json.loads((REPOSITORY / "kernels/schemas/result.json").read_text())


def small_task(**limits) -> Task:
    """The demo's task at lengths that take moments, three kept rounds a class."""
    task = load_task("quasar_demo")
    gates = [{**g, "length": LENGTH} for g in task.data["gates"] if g["length"] == 512]
    rules = {"minRoundsPerClass": 3, "minRounds": 3, "maxSeconds": 60, "ownNs": {}}
    worker = {"env": {}, "limits": {**task.limits, **limits}}
    data = {**task.data, "gates": gates, "timing": {"cuda": rules, "cpu": rules}, "worker": worker}
    return Task(data, task.family)


def honest_files() -> dict[str, bytes]:
    return {path: (UPSTREAM / path).read_bytes() for path in load_task("quasar_demo").data["targetFiles"]}


def claim_of(task: Task, files: dict[str, bytes]) -> Claim:
    return Claim(7, "ab" * 16, task.identity(), task.upstream, (LENGTH,), TARGET, files, task.limits["totalSeconds"])


def judge(tmp_path, chunk: str | None = None, after: str = "", task: Task | None = None, boxed: bool = True) -> dict:
    """-> the result, checked against the contracts' schema. `after` is code appended to the honest chunk.py."""
    import shutil

    task = task or small_task()
    upstream = tmp_path / "upstream"
    shutil.copytree(UPSTREAM, upstream, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    files = honest_files()
    files[CHUNK] = chunk.encode() if chunk is not None else files[CHUNK] + b"\n\n" + after.encode()
    record = Record(evaluation=7, nonce="ab" * 16, task=task.identity(), target_length=TARGET)
    record.upstream_tree = task.data["upstream"]["tree"]
    lines: list[dict] = []
    Evaluation(claim_of(task, files), task, upstream, Progress(lines.append), record, boxed).run()
    result = record.finish()
    jsonschema.validate(result, SCHEMA)
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    return {**result, "progress": lines}


def reason_of(result: dict) -> str:
    return result["verdict"]["reason"]
