from __future__ import annotations

import io
import json
import os

import pytest
from judge import host
from judge.progress import Progress, json_lines, one_line


def test_every_stage_begins_and_ends_and_the_middle_is_thinned():
    now = iter(range(0, 10**12, 10**8))
    lines = []
    progress = Progress(lines.append, clock=lambda: next(now))
    progress.stage("public", 100, "ab" * 32)
    for _ in range(100):
        progress.step()
    assert lines[0] == {"seq": 0, "stage": "public", "done": 0, "total": 100, "keySha256": "ab" * 32}
    assert lines[-1]["done"] == 100
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert 10 < len(lines) < 40


def test_steps_beyond_the_total_do_not_count():
    lines = []
    progress = Progress(lines.append, clock=lambda: 0)
    progress.stage("tree", 1)
    progress.step()
    progress.step()
    assert max(line["done"] for line in lines) == 1


def test_lines_are_json_and_people_get_text():
    stream = io.StringIO()
    Progress(json_lines(stream)).stage("tree", 1)
    assert json.loads(stream.getvalue())["stage"] == "tree"
    text = io.StringIO()
    Progress(one_line(text)).stage("tree", 1)
    assert text.getvalue() == "tree 0/1\n"


@pytest.mark.parametrize(("cpus", "disjoint"), [(1, False), (2, False), (3, False), (4, True), (9, True)])
def test_cpus_are_split_from_four_on(monkeypatch, cpus, disjoint):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cpus)))
    own, workers = host.split_cpus()
    assert own and workers and own | workers == set(range(cpus))
    assert own.isdisjoint(workers) == disjoint
