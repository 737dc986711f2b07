"""Whole evaluations of the miniature at small sizes, and who is to blame. Accepted ones and cheats: test_corpus.py."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from judge import blame as blame_module
from judge import evaluation
from judge.bench.fork import claim_of
from judge.blame import Blame
from judge.device import CpuDevice, Unsteady
from judge.evaluation import Evaluation
from judge.faults import Fault, Refused
from judge.gpu.cuda_memory import DriverError
from judge.progress import Progress
from judge.result import Record
from judge.task import load_task
from judged import UPSTREAM, judge, reason_of, small_task

sandboxed = pytest.mark.usefixtures("sandbox_tools")

ZEROS = "def chunk_quasar(q, *a, **k): return torch.zeros_like(q), q.new_zeros(q.shape[0], q.shape[2], 64, 64)"


@sandboxed
def test_without_the_sandbox_the_record_says_so(tmp_path):
    result = judge(tmp_path, after=ZEROS, boxed=False)
    assert reason_of(result) == "op_error"
    assert result["flags"] == ["no_sandbox"]
    assert result["sandbox"]["active"] == [] and "seccomp" in result["sandbox"]["missing"]


def blamed(error, steady=True, room=True):
    """What an error of the judge becomes while a worker lives -> (the exception, what was asked for after it)."""
    asked = []

    def settle():
        asked.append("settle")
        if not steady:
            raise Unsteady

    def take_memory(plan):
        asked.append(plan)
        if not room:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    device = SimpleNamespace(settle=settle)
    idle = {"wait_until_idle": lambda: asked.append("idle"), "take_memory": take_memory}
    workplace = SimpleNamespace(task=small_task(), device=device, **idle)
    with pytest.raises(Exception) as caught, blame(workplace).on_the_worker(["public", "secret"]):
        raise error
    return caught.value, asked


def blame(workplace=None):
    return Blame(workplace or SimpleNamespace(task=small_task()), 192)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("Triton Error [CUDA]: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        DriverError("cuMemCreate: CUDA driver error 2"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
    ],
)
def test_a_judge_that_starves_while_a_worker_lives_was_starved_by_it(error):
    found, asked = blamed(error)
    assert isinstance(found, Fault) and found.reason == "resource_limit"
    assert asked == ["idle", "public", "secret"]


def test_a_judge_that_starves_without_a_worker_too_does_not_fit_the_device():
    found, asked = blamed(torch.OutOfMemoryError("CUDA out of memory."), room=False)
    assert isinstance(found, Refused) and "bench --max-length" in str(found)
    assert asked == ["idle", "public"]


def test_what_does_not_fit_before_a_kernel_ran_is_the_judge_s_own():
    with pytest.raises(Refused, match="target of 192 tokens") as raised, blame().needing_its_own_memory():
        raise torch.OutOfMemoryError("CUDA out of memory.")
    assert "before any kernel ran" in str(raised.value)
    error = RuntimeError("expected scalar type Float")
    with pytest.raises(RuntimeError) as raised, blame().needing_its_own_memory():
        raise error
    assert raised.value is error


def test_another_error_of_the_judge_is_its_own():
    error = RuntimeError("expected scalar type Float")
    assert blamed(error)[0] is error


@pytest.mark.parametrize("steady", [True, False])
def test_a_busy_gpu_is_the_worker_s_doing_if_it_is_free_once_the_worker_has_gone(monkeypatch, steady):
    monkeypatch.setattr(blame_module.time, "sleep", lambda seconds: None)
    found, asked = blamed(Unsteady(), steady)
    assert asked == ["idle", "settle"]
    assert isinstance(found, Fault if steady else Refused)


@pytest.mark.parametrize(("board", "flags"), [("NVIDIA H200", []), ("NVIDIA L4", ["uncalibrated"])])
def test_a_board_whose_own_copies_nobody_timed_is_flagged_and_nothing_is_taken_off(monkeypatch, board, flags):
    seen = []

    class Board(CpuDevice):
        kind = "cuda"

        def describe(self):
            return {**super().describe(), "kind": "cuda", "name": board}

    def stop(task, *rest):
        seen.append(task.data["timing"]["cuda"]["ownNs"])
        raise Refused("far enough")

    monkeypatch.setattr(evaluation, "Workplace", stop)
    monkeypatch.setattr(evaluation.tree, "build", lambda *anything: {})
    task = load_task("quasar")
    claim = claim_of(task, {}, [100_000])
    record = Record()
    Evaluation(claim, task, UPSTREAM, Progress(lambda line: None), record, device=Board()).run()
    assert record.faults == [("infra", "far enough")]
    assert [flag for flag in record.flags if flag != "unlocked"] == flags
    assert bool(seen[0]) == (flags == [])
