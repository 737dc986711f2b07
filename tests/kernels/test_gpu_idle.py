from __future__ import annotations

import pytest
from judge.faults import Refused
from judge.gpu.idle import wait_until_idle

MIB = 1 << 20


class FakeGpu:
    """Answers with one list after another, and with the last one for ever; time passes only by sleeping."""

    def __init__(self, *lists: list[tuple[int, int]]):
        self.lists, self.looks, self.time = lists, 0, 0.0

    def processes(self) -> list[tuple[int, int]]:
        self.looks += 1
        return self.lists[min(self.looks, len(self.lists)) - 1]

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def wait(gpu: FakeGpu, timeout_s: float = 5.0, allowed=(1,)) -> None:
    names = {7: "'python3'"}
    wait_until_idle(
        gpu,
        timeout_s,
        allowed,
        now=lambda: gpu.time,
        sleep=gpu.sleep,
        name=lambda pid: names.get(pid, "not visible from here"),
    )


def test_a_free_gpu_is_not_waited_for():
    gpu = FakeGpu([(1, 500 * MIB)])
    wait(gpu)
    assert gpu.time == 0.0


def test_a_worker_that_is_just_ending_is_waited_for():
    gpu = FakeGpu([(7, MIB)], [(7, MIB)], [])
    wait(gpu)
    assert gpu.looks == 3 and 0 < gpu.time < 1


def test_somebody_else_is_named_once_the_time_is_up():
    gpu = FakeGpu([(1, MIB), (7, 300 * MIB), (9, 4 * MIB)])
    with pytest.raises(
        Refused,
        match=r"7 \('python3'\) with 300 MiB, process 9 \(not visible from here\) with 4 MiB",
    ):
        wait(gpu, 2.0)
    assert 2.0 <= gpu.time < 2.1


def test_without_time_it_looks_once():
    gpu = FakeGpu([(7, MIB)], [])
    with pytest.raises(Refused):
        wait(gpu, 0.0)
    assert gpu.looks == 1
