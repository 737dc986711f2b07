from __future__ import annotations

import re

import pytest
import torch
from conftest import REPOSITORY
from judge.clock import yardstick
from judge.faults import Refused

BEFORE = {"matmul": 1_400_000, "copy": 500_000}


def short(*samples):
    """A short yardstick that takes these samples, after the ones that its idle value is made of."""
    idle = [
        {"matmul": 206_000, "copy": 51_000},
        {"matmul": 200_000, "copy": 52_000},
        {"matmul": 210_000, "copy": 50_000},
    ]
    left = [*(idle * yardstick.SHORT.repeats)[: yardstick.SHORT.repeats], *samples]
    return yardstick.ShortYardstick("cuda", lambda: left.pop(0)), left


def test_a_cpu_is_measured_for_the_record():
    found = yardstick.measure()
    assert set(found) == {"matmul", "copy"}
    assert all(isinstance(ns, int) and ns > 0 for ns in found.values())


def test_the_record_has_the_shape_of_the_result():
    after = {"matmul": 1_407_000, "copy": 500_500}
    assert yardstick.record(BEFORE, after)[0] == {"name": "matmul", "beforeNs": 1_400_000, "afterNs": 1_407_000}
    assert [entry["afterNs"] for entry in yardstick.record(BEFORE, {})] == [1_400_000, 500_000]


@pytest.mark.parametrize(
    ("matmul", "copy", "says_nothing"),
    [
        (1.0, 1.0, False),
        (1.049, 1.019, False),
        (1.0, 1.021, True),
        (1.051, 1.0, True),
        (0.951, 0.951, False),
        (0.949, 1.0, True),
        (1.0, 0.949, True),
        (1.06, 0.9, True),
    ],
)
def test_a_gpu_that_became_slower_or_much_faster_says_nothing(matmul, copy, says_nothing):
    after = {"matmul": int(BEFORE["matmul"] * matmul), "copy": int(BEFORE["copy"] * copy)}
    assert (yardstick.drift(BEFORE, after) is not None) == says_nothing


def test_bandwidth_counts_what_is_read_and_what_is_written():
    assert yardstick.bytes_per_s(BEFORE) == pytest.approx(2 * 2**30 / 500e-6)


def test_the_idle_value_is_the_least_of_several():
    assert short()[0].idle == {"matmul": 200_000, "copy": 50_000}


def test_a_free_gpu_is_steady_at_the_first_attempt():
    found, left = short({"matmul": 205_900, "copy": 51_400}, {"matmul": 1, "copy": 1})
    assert found.steady()
    assert len(left) == 1


def test_a_clock_that_comes_up_again_is_steady_later():
    slow = {"matmul": 290_000, "copy": 50_000}
    found, _ = short(slow, slow, {"matmul": 205_000, "copy": 50_000})
    assert found.steady()


@pytest.mark.parametrize("busy", [{"matmul": 206_100, "copy": 50_000}, {"matmul": 200_000, "copy": 51_600}])
def test_a_busy_gpu_is_not_steady_whichever_part_is_slow(busy):
    found, left = short(*[busy] * yardstick.ATTEMPTS)
    assert not found.steady()
    assert left == []


def test_one_part_fast_at_one_attempt_and_the_other_at_the_next_is_not_steady():
    one, other = {"matmul": 200_000, "copy": 60_000}, {"matmul": 240_000, "copy": 50_000}
    found, _ = short(*[one, other] * yardstick.ATTEMPTS)
    assert found.excess() == pytest.approx(0.2)


def test_clocks_of_a_cpu_are_not_loaded():
    with pytest.raises(Refused, match="GPU only"), yardstick.load("cpu"):
        pytest.fail("the block must not run")


def test_the_judges_matrices_are_of_the_task_of_a_gpu():
    size = yardstick.FULL["cuda"]
    assert size.dtype is torch.bfloat16 and size.copy_bytes >= 2**30
    short_bytes = 2 * 2 * yardstick.SHORT.matmul**2 + 2 * yardstick.SHORT.copy_bytes
    assert short_bytes < 300_000_000


def test_the_report_knows_how_much_the_copy_moves():
    source = (REPOSITORY / "app/reports/ceilings.ts").read_text()
    found = re.search(r"YARDSTICK_COPY_BYTES = 2 \*\* (\d+);", source)
    assert found is not None and 2 ** int(found[1]) == yardstick.FULL["cuda"].copy_bytes
