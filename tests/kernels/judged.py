"""Runs the whole judge on a submission made of the corpus's base and a few changed files, at small sizes."""

from __future__ import annotations

import json

import jsonschema
from conftest import REPOSITORY
from judge.corpus.cases import CHUNK, base_files
from judge.corpus.small_task import MINIATURE as UPSTREAM  # noqa: F401
from judge.corpus.small_task import judge_files, small_task, upstream_for
from judge.task import Task, load_task

SCHEMA = json.loads((REPOSITORY / "kernels/schemas/result.json").read_text())


def honest_files() -> dict[str, bytes]:
    return base_files(load_task("quasar_demo").data["targetFiles"])


def judge(tmp_path, chunk: str | None = None, after: str = "", task: Task | None = None, boxed: bool = True) -> dict:
    """-> the result, checked against the contracts' schema. `after` is code appended to the honest chunk.py."""
    files = honest_files()
    files[CHUNK] = chunk.encode() if chunk is not None else files[CHUNK] + b"\n\n" + after.encode()
    result = judge_files(files, task or small_task(), upstream_for("cpu", tmp_path), boxed)
    check_form(result)
    return result


def check_form(result: dict) -> None:
    """The result is as the contracts say, and its progress lines are in order."""
    jsonschema.validate({name: part for name, part in result.items() if name != "progress"}, SCHEMA)
    assert [line["seq"] for line in result["progress"]] == list(range(len(result["progress"])))


def reason_of(result: dict) -> str:
    return result["verdict"]["reason"]
