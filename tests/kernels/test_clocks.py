from __future__ import annotations

from contextlib import contextmanager
from itertools import pairwise

import pytest
from fake_gpu import FakeGpu
from judge.faults import Fault, Refused
from judge.gpu import clocks, libnvml
from judge.gpu.nvml import open_gpu
from judge.gpu.reading import IDLE, Lacking, Reading

LOCK, RESET = "--lock-gpu-clocks=1500,1500", "--reset-gpu-clocks"
SECOND = 1_000_000_000


@pytest.fixture
def fake(tmp_path, monkeypatch):
    def absent():
        raise Lacking("no NVML in this test")

    monkeypatch.setattr(libnvml, "load", absent)
    return FakeGpu(tmp_path, monkeypatch)


@contextmanager
def no_load():
    yield


def held(mhz, required=False, load=no_load):
    return clocks.held(open_gpu(), mhz, required, load, pause=lambda seconds: None)


def test_a_host_that_asks_for_nothing_is_left_alone(fake):
    with held(clocks.asked({"PATH": "/bin"})):
        assert fake.locked is None
    assert fake.settings() == []


@pytest.mark.parametrize("text", ["fast", "1500,1800", "-1", "99", "19800", "1500MHz", "٣٣٣٣", "9" * 5000])
def test_what_is_no_clock_is_refused(text):
    with pytest.raises(Refused, match="QUASAR_LOCK_CLOCKS") as refused:
        clocks.asked({clocks.VARIABLE: text})
    assert len(str(refused.value)) < 200


def test_a_clock_is_read_from_the_environment_of_the_host():
    assert clocks.asked({clocks.VARIABLE: " 1500 "}) == 1500
    assert clocks.asked({clocks.VARIABLE: ""}) is None


def test_the_clock_is_locked_while_the_block_runs_and_verified_under_load(fake):
    seen = []

    @contextmanager
    def load():
        seen.append(fake.locked)
        yield
        seen.append("done")

    with held(1500, load=load):
        assert fake.locked == "1500"
        assert seen == ["1500", "done"]
    assert fake.locked is None
    assert fake.settings() == [RESET, LOCK, RESET]


def test_a_lock_that_a_killed_run_left_is_removed_first(fake):
    fake.set("locked", "900")
    fake.set("mhz", "900")
    with held(1500):
        assert fake.settings()[:2] == [RESET, LOCK]
    assert fake.locked is None


def test_a_clock_that_the_gpu_cannot_hold_is_refused_and_unlocked(fake):
    fake.set("weak", "1449")
    with pytest.raises(Refused, match="1449 to 1449 MHz under load"), held(1500):
        pytest.fail("the block must not run")
    assert fake.locked is None


def test_50_mhz_are_close_enough(fake):
    fake.set("weak", "1450")
    with held(1500):
        assert fake.locked == "1500"


@pytest.mark.parametrize("error", [Fault("timeout", "slow"), KeyboardInterrupt(), MemoryError()])
def test_whatever_ends_the_block_the_clock_is_unlocked_and_the_cause_kept(fake, error):
    with pytest.raises(type(error)) as raised, held(1500):
        raise error
    assert raised.value is error
    assert fake.locked is None


def test_a_stop_while_the_clock_is_unlocked_leaves_no_lock(fake, monkeypatch):
    real, stops = clocks.nvidia_smi.run, iter([False, True, False])

    def run(*arguments):
        if arguments[-1] == RESET and next(stops):
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(clocks.nvidia_smi, "run", run)
    with pytest.raises(KeyboardInterrupt), held(1500):
        assert fake.locked == "1500"
    assert fake.locked is None


def test_a_host_that_may_not_lock_is_told_what_to_do(fake):
    fake.set("forbidden")
    with pytest.raises(Refused, match=r"does not have permission.*as root, or remove the variable"), held(1500):
        pytest.fail("the block must not run")


def test_a_permission_lost_meanwhile_hides_no_verdict(fake):
    with pytest.raises(Fault) as raised, held(1500):
        fake.set("forbidden")
        raise Fault("wrong_output", "one")
    assert raised.value.reason == "wrong_output"
    fake.remove("forbidden")
    with held(1500):
        pass
    assert fake.locked is None


def test_a_task_that_requires_a_lock_is_refused_without_one(fake):
    with pytest.raises(Refused, match="set QUASAR_LOCK_CLOCKS"), held(None, required=True):
        pytest.fail("the block must not run")
    with held(1500, required=True):
        assert fake.locked == "1500"


class Readings:
    """A GPU that gives one reading after the other."""

    def __init__(self, *readings):
        self.left = list(readings)

    def reading(self):
        return self.left.pop(0)


def reading(mhz=1500, reasons=0):
    return Reading(mhz, 512.3, 61, reasons)


def watched(readings, locked_mhz=None):
    watch = clocks.Watch(Readings(*readings), locked_mhz)
    for i in range(len(readings)):
        watch.sample(i * SECOND)
    return watch


def test_the_gpu_is_looked_at_once_a_second_at_most():
    gpu = Readings(*[reading()] * 3)
    watch = clocks.Watch(gpu)
    for now_ns in (5, 6, SECOND, SECOND + 5, SECOND + 6, 2 * SECOND + 4, 3 * SECOND):
        watch.sample(now_ns)
    assert len(watch.samples()) == 3 and gpu.left == []


def test_samples_have_the_shape_of_the_result():
    assert watched([reading(1485, 0x4 | 0x40)]).samples() == [
        {"smMHz": 1485, "watts": 512.3, "celsius": 61, "throttle": "sw_power_cap hw_thermal_slowdown"}
    ]
    assert watched([]).samples() == [] and watched([]).marked_share() == 0


@pytest.mark.parametrize("taken", [1, 63, 64, 65, 1000])
def test_at_most_64_samples_stay_spread_from_the_first_to_the_last(taken):
    found = [s["smMHz"] for s in watched([reading(i) for i in range(taken)]).samples()]
    assert len(found) == min(taken, 64)
    assert found[0] == 0 and found[-1] == taken - 1
    steps = [b - a for a, b in pairwise(found)]
    assert not steps or (min(steps) >= 1 and max(steps) - min(steps) <= 1)


@pytest.mark.parametrize(
    ("mhz", "reasons", "locked_mhz", "marked"),
    [
        (1500, 0, 1500, False),
        (1455, 0, 1500, False),
        (1454, 0, 1500, True),
        (345, IDLE, 1500, False),
        (1500, 0x4, 1500, True),
        (1500, 0x2, 1500, False),
        (1700, 0x4, None, False),
        (1700, 0x4 | 0x20, None, True),
        (345, 0, None, False),
        (1980, 0x8, None, True),
        (1980, 0x80, None, True),
    ],
)
def test_throttled_or_below_97_percent_of_the_lock_is_marked(mhz, reasons, locked_mhz, marked):
    assert clocks.is_marked(reading(mhz, reasons), locked_mhz) is marked


def test_more_than_a_fifth_marked_says_nothing_about_the_kernel():
    hot, cool = reading(1500, 0x40), reading(1500)
    assert watched([hot] * 2 + [cool] * 8).too_many_marked() is None
    found = watched([hot] * 3 + [cool] * 7, 1500)
    assert found.marked_share() == 0.3
    assert "30%" in (found.too_many_marked() or "")
