"""The real upstream on the CPU: its Triton kernels run under the interpreter, and the judge accepts it."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import subprocess
import sys

import torch
from conftest import REPOSITORY, need, need_from_the_internet
from judge import tree
from judge.corpus.small_task import judge_files
from judge.gates import logit_weights
from judge.task import Task, load_task
from judge.upstream import cache_directory
from judged import check_form

TASK = load_task("quasar")
TREE = TASK.upstream["tree"]
UPSTREAM = cache_directory() / TREE
LENGTH = min(TASK.data["lengths"])
FEW = {"minRoundsPerClass": 1, "minRounds": 1}

CHUNK = """
import torch
from worker import interpreter
interpreter._solve_instead_of_substituting = lambda: None
module = interpreter.import_entry(interpreter.SUBSTITUTION)
torch.save(interpreter.substituted(module.forward_substitution_kernel, 64), "chunk.pt")
"""


def published_files() -> dict[str, bytes]:
    need_from_the_internet(UPSTREAM.is_dir(), f"the real upstream in {UPSTREAM}, where a bench puts it")
    need(importlib.util.find_spec("triton") is not None, "triton")
    return {name: (UPSTREAM / name).read_bytes() for name in TASK.data["targetFiles"]}


def test_the_judge_accepts_it_at_the_smallest_length(sandbox_tools, monkeypatch):
    # There is no driver: a Triton kernel that were not interpreted would raise.
    small = dataclasses.replace(logit_weights.SIZES["cpu"], length=128)
    monkeypatch.setitem(logit_weights.SIZES, "cpu", small)
    data = {
        "device": "cpu",
        "lengths": [LENGTH],
        "targetLengths": {"min": LENGTH, "max": LENGTH},
        "timing": {kind: {**rules, **FEW} for kind, rules in TASK.data["timing"].items()},
    }
    result = judge_files(
        published_files(),
        Task({**TASK.data, **data}, TASK.family),
        UPSTREAM,
        alone=False,
    )
    check_form(result)
    assert result["verdict"]["status"] == "accepted", result["verdict"]
    assert {g["length"] for g in result["gates"] if g["name"] == "op_rel_rms"} == {LENGTH}
    # In every worker its own kernel inverted a small chunk before the solve took over.
    assert "interpreted as it is" not in result["untrusted"]["log"]


def test_its_substitution_is_the_triangular_solve(tmp_path):
    targets = published_files()
    tree.write(tree.build(UPSTREAM, TREE, targets, list(targets)), tmp_path)
    path = os.pathsep.join([str(REPOSITORY / "kernels"), str(tmp_path)])
    env = {
        **os.environ,
        "PYTHONPATH": path,
        "TRITON_INTERPRET": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, "-B", "-c", CHUNK]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    chunk, inverse = torch.load(tmp_path / "chunk.pt")
    assert chunk.shape == (64, 64)
    assert chunk.dtype == inverse.dtype == torch.float32
    solved = torch.linalg.solve_triangular(chunk, torch.eye(64), upper=False, unitriangular=True)
    assert (inverse - solved).norm() < 1e-6 * solved.norm()
    # It is no small perturbation of the identity, which an inverse that reads no row but its own would give.
    assert (2 * torch.eye(64) - chunk - solved).norm() > 0.1 * solved.norm()
