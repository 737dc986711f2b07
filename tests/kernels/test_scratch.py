"""Directories of judges: whose they are, and that those of the dead are removed, in whatever way these ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from conftest import REPOSITORY
from judge.faults import Refused
from judge.sandbox import scratch
from judge.sandbox.scratch import Scratch

HOLD = """
import sys, time
from judge.sandbox.scratch import Scratch
held = Scratch("held", [sys.argv[1]])
(held.path / "file").touch()
print(held.path, flush=True)
time.sleep(60)
"""


@pytest.fixture
def base():
    """Not pytest's own, which is closed to others."""
    with Scratch.during("test") as place:
        yield place


@pytest.fixture
def holder(base):
    """Another judge that holds a directory below `base`."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "kernels")}
    command = [sys.executable, "-B", "-c", HOLD, str(base)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as other:
        other.place = other.stdout.readline().strip()
        yield other
        other.kill()


def test_it_is_everybodys_to_read_and_gone_when_removed(base):
    made = Scratch("test", [str(base)])
    assert made.path.stat().st_mode & 0o777 == 0o755
    (made.path / "below").mkdir()
    made.remove()
    made.remove()
    assert os.listdir(base) == []


def test_what_a_killed_judge_left_is_removed_by_the_next(base, holder):
    Scratch("test", [str(base)]).remove()
    assert os.path.exists(f"{holder.place}/file")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert os.path.exists(f"{holder.place}/file")
    Scratch("test", [str(base)]).remove()
    assert os.listdir(base) == []


def test_what_is_not_ours_stays(base, monkeypatch):
    (base / "quasar-other").mkdir()
    (base / f"{scratch.PREFIX}file").touch()
    (base / f"{scratch.PREFIX}link").symlink_to("quasar-other")
    stale = Scratch("stale", [str(base)])
    os.close(stale._lock)
    before = sorted(os.listdir(base))
    with monkeypatch.context() as patched:
        patched.setattr(scratch.os, "geteuid", lambda: stale.path.stat().st_uid + 1)
        scratch._sweep(base)
    assert sorted(os.listdir(base)) == before
    scratch._sweep(base)
    assert sorted(os.listdir(base)) == [name for name in before if name != stale.path.name]


def test_a_sweep_between_making_and_locking_only_costs_another_try(base, monkeypatch):
    made, make = [], scratch.tempfile.mkdtemp

    def swept(**options):
        made.append(make(**options))
        if len(made) == 1:
            scratch._sweep(base)
        return made[-1]

    monkeypatch.setattr(scratch.tempfile, "mkdtemp", swept)
    found = Scratch("test", [str(base)])
    assert len(made) == 2 and os.listdir(base) == [found.path.name]
    found.remove()


def test_without_a_place_that_the_worker_can_enter_it_says_what_to_do(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    if os.geteuid() != 0:
        closed.chmod(0)
    with pytest.raises(Refused, match="set TMPDIR"):
        Scratch("test", [str(closed)])
