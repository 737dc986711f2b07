from __future__ import annotations

import io
import json
import os

import pytest
from judge import host
from judge.progress import Bar, Progress, json_lines


def test_every_stage_begins_and_ends_and_the_middle_is_thinned():
    now = iter(range(0, 10**12, 10**8))
    lines = []
    progress = Progress(lines.append, clock=lambda: next(now))
    progress.stage("public", 100, "ab" * 32)
    for _ in range(100):
        progress.step()
    assert lines[0] == {
        "seq": 0,
        "stage": "public",
        "done": 0,
        "total": 100,
        "keySha256": "ab" * 32,
    }
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


def test_lines_are_json():
    stream = io.StringIO()
    Progress(json_lines(stream)).stage("tree", 1)
    assert json.loads(stream.getvalue())["stage"] == "tree"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def played(stream):
    now = iter(range(0, 1000, 31))
    bar = Bar(stream, clock=lambda: next(now))
    progress = Progress(bar, clock=lambda: 10**10)
    progress.stage("prepare", 0, "ab" * 32)
    progress.stage("public", 4)
    for _ in range(4):
        progress.step()
    progress.stage("secret", 2)
    bar.close()
    bar.close()
    return stream.getvalue()


def test_a_file_gets_one_line_at_the_beginning_of_each_stage():
    assert played(io.StringIO()) == "  0:31  prepare\n  1:02  public   4 steps\n  2:04  secret   2 steps\n"


def test_a_terminal_gets_a_bar_with_share_and_time():
    text = played(Terminal())
    assert "\r\033[K  1:02  public   [------------------------]   0%  0/4" in text
    assert "\r\033[K  1:33  public   [########################] 100%  4/4\n" in text
    assert text.endswith("0/2\n")


@pytest.mark.parametrize(("cpus", "disjoint"), [(1, False), (2, False), (3, False), (4, True), (9, True)])
def test_cpus_are_split_from_four_on(monkeypatch, cpus, disjoint):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cpus)))
    own, workers = host.split_cpus.__wrapped__()
    assert own and workers and own | workers == set(range(cpus))
    assert own.isdisjoint(workers) == disjoint
