"""A whole evaluation of the miniature at small sizes, and what its result holds. Cheats: test_corpus.py."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from judge import evaluation
from judge.cuda_memory import DriverError
from judge.device import Unsteady
from judge.evaluation import Evaluation
from judge.faults import Fault, Refused
from judged import judge, reason_of

sandboxed = pytest.mark.usefixtures("sandbox_tools")

ZEROS = "def chunk_quasar(q, *a, **k): return torch.zeros_like(q), None"


@sandboxed
def test_an_accepted_result_has_its_figures_its_protections_and_its_key(tmp_path):
    result = judge(tmp_path)
    assert reason_of(result) == "accepted", result["verdict"]
    assert {m["length"] for m in result["measurements"]} == {128, 192}
    for measurement in result["measurements"]:
        assert [c["rounds"] for c in measurement["classes"]] == [1] * 6
        assert measurement["tokensPerSecLow"] <= measurement["tokensPerSec"] < measurement["opTokensPerSec"]
    assert result["sandbox"]["missing"] == [] or set(result["sandbox"]["missing"]) <= {"cgroup_pids", "cgroup_memory"}
    commitments = [line["keySha256"] for line in result["progress"] if "keySha256" in line]
    assert commitments == [result["key"]["sha256"]]


@sandboxed
def test_without_the_sandbox_the_record_says_so(tmp_path):
    result = judge(tmp_path, after=ZEROS, boxed=False)
    assert reason_of(result) == "op_error"
    assert result["flags"] == ["no_sandbox"]
    assert result["sandbox"]["active"] == [] and "seccomp" in result["sandbox"]["missing"]


def blamed(error, steady=True):
    """What an error of the judge becomes while a worker lives -> (the exception, what the device was asked for)."""
    asked = []

    def settle():
        asked.append("settle")
        if not steady:
            raise Unsteady

    device = SimpleNamespace(settle=settle)
    workplace = SimpleNamespace(device=device, wait_until_idle=lambda: asked.append("idle"))
    with pytest.raises(Exception) as caught, Evaluation._blaming_the_worker(SimpleNamespace(_workplace=workplace)):
        raise error
    return caught.value, asked


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
    found, _ = blamed(error)
    assert isinstance(found, Fault) and found.reason == "resource_limit"


def test_another_error_of_the_judge_is_its_own():
    error = RuntimeError("expected scalar type Float")
    assert blamed(error)[0] is error


@pytest.mark.parametrize("steady", [True, False])
def test_a_busy_gpu_is_the_worker_s_doing_if_it_is_free_once_the_worker_has_gone(monkeypatch, steady):
    monkeypatch.setattr(evaluation.time, "sleep", lambda seconds: None)
    found, asked = blamed(Unsteady(), steady)
    assert asked == ["idle", "settle"]
    assert isinstance(found, Fault if steady else Refused)
