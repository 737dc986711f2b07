"""What a worker takes of the GPU, from what is free there and what the judge itself has taken."""

from __future__ import annotations

import pytest
import torch
from judge.faults import Fault
from judge.memory import GpuMemory

TOTAL, SLOTS, LIMIT = 1000, 300, 400


class Gpu:
    """Bytes on it: slots and workers that wait, the judge's pool, and what the worker at work took."""

    def __init__(self):
        self.pool, self.worker = 100, 0

    def mem_get_info(self):
        return TOTAL - SLOTS - self.pool - self.worker, TOTAL

    def memory_reserved(self):
        return self.pool


@pytest.fixture
def gpu(monkeypatch):
    made = Gpu()
    monkeypatch.setattr(torch.cuda, "mem_get_info", made.mem_get_info)
    monkeypatch.setattr(torch.cuda, "memory_reserved", made.memory_reserved)
    return made


def test_what_was_there_before_the_worker_is_not_its_own(gpu):
    gpu.worker = 50  # its context, while it stands ready
    memory = GpuMemory(LIMIT)
    memory.look()
    assert memory.peak_bytes() == 0


def test_the_peak_is_the_most_that_any_look_found(gpu):
    memory, peaks = GpuMemory(LIMIT), []
    for gpu.worker in (120, 350, 200):
        memory.look()
        peaks.append(memory.peak_bytes())
    assert peaks == [120, 350, 350]


def test_what_the_judge_takes_meanwhile_is_not_the_worker_s(gpu):
    memory = GpuMemory(LIMIT)
    gpu.worker, gpu.pool = 200, 450
    memory.look()
    assert memory.peak_bytes() == 200


def test_memory_that_the_judge_gives_back_hides_none_of_the_worker_s(gpu):
    memory = GpuMemory(LIMIT)
    gpu.worker, gpu.pool = LIMIT + 1, 0
    with pytest.raises(Fault, match=f"holds {LIMIT + 1} bytes"):
        memory.look()


def test_the_limit_itself_may_be_taken_and_a_byte_more_is_told_what_to_do(gpu):
    memory = GpuMemory(LIMIT)
    gpu.worker = LIMIT
    memory.look()
    gpu.worker = LIMIT + 1
    with pytest.raises(Fault, match="more than the 400 allowed: make its workspaces smaller") as raised:
        memory.look()
    assert raised.value.reason == "resource_limit"
    assert memory.peak_bytes() == LIMIT + 1


def test_a_neighbour_that_leaves_gives_no_negative_peak(gpu):
    memory = GpuMemory(LIMIT)
    gpu.worker = -60
    memory.look()
    assert memory.peak_bytes() == 0
