"""`bench --max-length`: the longest target that fits, by few tries of the real op."""

from __future__ import annotations

import json

import pytest
import torch
from judge import readiness
from judge.bench.longest import fits_memory, longest
from judge.cli import main
from judge.device import CpuDevice
from judge.faults import Fault
from judge.workbench import Workbench
from judged import CHUNK, UPSTREAM, honest_files
from test_bench import DEMO, OWN


@pytest.mark.parametrize("most", [64, 1024, 1_048_576, 1_048_600])
@pytest.mark.parametrize("room", [0, 63, 64, 65, 1000, 500_000, 10**7])
def test_the_longest_that_fits_is_found_in_few_tries(most, room):
    tried = []

    def fits(length):
        tried.append(length)
        return length <= room

    found = longest(fits, most)
    assert found == min(room, most) // 64 * 64
    assert len(tried) <= 15 and all(n % 64 == 0 and 64 <= n <= most for n in tried)


def workbench(after: str) -> Workbench:
    files = honest_files()
    files[CHUNK] += b"\n\n" + after.encode()
    return Workbench(DEMO, UPSTREAM, files, CpuDevice(), boxed=False)


HUNGRY = """
_honest = chunk_quasar
def chunk_quasar(q, *rest, **options):
    if q.shape[1] > 64:
        raise MemoryError
    return _honest(q, *rest, **options)
"""
BROKEN = "def chunk_quasar(*rest, **options):\n    raise ValueError('no')\n"


def test_a_length_fits_or_not():
    bench_of = workbench(HUNGRY)
    assert fits_memory(bench_of, 64) is True
    assert fits_memory(bench_of, 128) is False


def test_what_an_evaluation_needs_to_get_ready_has_to_fit_too(monkeypatch):
    def starve(place, upstream, claim, plans, record):
        assert claim.target_length == 128 and [plan.name for plan in plans] == ["public", "secret"]
        raise torch.OutOfMemoryError("CUDA out of memory.")

    bench_of = workbench("")
    monkeypatch.setattr(readiness, "make_ready", starve)
    assert fits_memory(bench_of, 128) is False


def test_a_kernel_that_fails_otherwise_is_not_one_that_does_not_fit():
    with pytest.raises(Fault, match="early_exit"):
        fits_memory(workbench(BROKEN), 64)


def test_the_longest_target_is_a_number(monkeypatch, capsys):
    monkeypatch.setattr("judge.bench.longest.fits_memory", lambda workbench, length: length <= 700)
    assert main([*OWN, "--max-length", "--no-sandbox", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["maxLength"] == 640
    assert "1024 tokens: does not fit" in said.err and "640 tokens: fits" in said.err
