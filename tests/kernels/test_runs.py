from __future__ import annotations

from types import SimpleNamespace

import pytest
from judge import runs
from judge.clock import timing
from judge.corpus.small_task import small_task
from judge.result import Record


@pytest.mark.parametrize(("before", "more", "flags"), [(0, 20, []), (90, 20, []), (0, 21, ["timing_inconsistent"])])
def test_a_worker_s_account_is_held_against_the_rounds_of_this_length(monkeypatch, before, more, flags):
    session = SimpleNamespace(name="secret", inconsistent=before, memory=SimpleNamespace(peak_bytes=lambda: 0))
    calls = SimpleNamespace(session=session, classes=("a",))
    one = {"input": "a", "rounds": 1, "medianNs": 5, "ciLowNs": 5, "ciHighNs": 5, "p90Ns": 5}

    def measured(*arguments):
        session.inconsistent += more
        return [one], [{"round": i} for i in range(100)]

    monkeypatch.setattr(timing, "measure", measured)
    monkeypatch.setattr(timing, "block", lambda *arguments: [])
    device = SimpleNamespace(kind="cpu", alone=True, settle=lambda: None)
    place = SimpleNamespace(device=device, task=small_task(), keys=None)
    progress, record = SimpleNamespace(stage=lambda *said: None, step=lambda: None), Record()
    runs.measure(place, calls, (0, 1), 192, 1, 1, True, None, progress, record)
    assert record.flags == flags
