"""The order in which judge and workers get ready, by stand-ins: what takes memory comes before a worker can."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from judge import readiness
from judge.bench.fork import claim_of
from judge.result import Record
from judged import small_task


@pytest.fixture
def steps(monkeypatch):
    """What was done, in order."""
    done = []

    class FixedPart:
        def __init__(self, task, keys, device, pinned):
            done.append(f"fixed part of {pinned}")

        def ns(self, lengths):
            done.append(f"timed {lengths}")
            return dict.fromkeys(lengths, 7)

    monkeypatch.setattr(readiness, "FixedPart", FixedPart)
    monkeypatch.setattr(readiness, "pinned_layer_tree", lambda upstream, task, place: upstream)
    monkeypatch.setattr(readiness, "check_reference", lambda *anything: done.append("references"))
    return done


def made_ready(steps, kind):
    device = SimpleNamespace(kind=kind, torch=None, yardstick=lambda: steps.append("yardstick") or {"stream": 5})
    workplace = SimpleNamespace(
        task=small_task(),
        device=device,
        keys=None,
        place=None,
        start=lambda plan: steps.append(f"start {plan}"),
        take_memory=lambda plan: steps.append(f"memory for {plan}"),
        wait_until_ready=lambda: steps.append("call up"),
    )
    record, plans = Record(), ["public", "secret"]
    readiness.start_early(workplace, plans, record)
    found = readiness.make_ready(workplace, "pinned", claim_of(workplace.task, {}, [192, 64]), plans, record)
    assert found == ({"stream": 5}, {64: 7, 192: 7})
    assert [entry["name"] for entry in record.yardstick] == ["stream"]
    return [name for name, _ in record.timeline]


def test_on_a_gpu_the_judge_has_all_its_memory_before_a_worker_touches_it(steps):
    marks = made_ready(steps, "cuda")
    assert steps == [
        "start public",
        "start secret",
        "fixed part of pinned",
        "references",
        "memory for public",
        "memory for secret",
        "yardstick",
        "timed [64, 192]",
        "call up",
    ]
    assert marks[0] == "workers started" and marks[-1] == "workers ready"


def test_on_a_cpu_no_worker_starts_before_its_turn(steps):
    marks = made_ready(steps, "cpu")
    assert steps == ["fixed part of None", "yardstick", "timed [64, 192]", "call up"]
    assert "workers started" not in marks
