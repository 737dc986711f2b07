from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from judge.clock import stats, timing
from judge.keys import Keys

CLASSES = ("a", "b", "c", "d", "e", "f")


def stream(name="s"):
    return Keys(bytes(32)).stream(name)


def test_the_interval_holds_the_median():
    found = stats.summarise([100, 110, 120, 130, 140, 1000, 105], stream())
    assert found["medianNs"] == 120
    assert found["ciLowNs"] <= 120 <= found["ciHighNs"]
    assert found["rounds"] == 7 and found["p90Ns"] > 140
    assert all(isinstance(v, int) for v in found.values())


def test_equal_times_have_no_spread():
    assert stats.summarise([50] * 15, stream()) == {
        "rounds": 15,
        "medianNs": 50,
        "ciLowNs": 50,
        "ciHighNs": 50,
        "p90Ns": 50,
    }


def test_the_interval_is_a_95_percent_one():
    hits = 0
    draws = np.random.default_rng(1)
    for i in range(200):
        found = stats.summarise([int(x) for x in draws.normal(1e6, 1e5, 25)], stream(str(i)))
        hits += found["ciLowNs"] <= 1e6 <= found["ciHighNs"]
    assert 175 <= hits <= 200


def test_no_rounds_are_an_error():
    with pytest.raises(ValueError, match="no kept rounds"):
        stats.summarise([], stream())


@pytest.mark.parametrize("seed", range(20))
def test_every_class_keeps_15_rounds_and_a_tenth_to_a_quarter_is_dropped(seed):
    rounds = timing.plan(CLASSES, 15, stream(str(seed)))
    assert not any(r.kept for r in rounds[:2])
    for name in CLASSES:
        assert sum(r.kept for r in rounds if r.input_class == name) == 15
    dropped = sum(not r.kept for r in rounds[2:]) / len(rounds[2:])
    assert 0.10 <= dropped <= 0.25 + 1 / 15


def test_the_order_is_mixed_and_secret():
    one, other = (timing.plan(CLASSES, 15, stream(name)) for name in ("x", "y"))
    assert [r.input_class for r in one] != [r.input_class for r in other]
    runs = sum(a.input_class != b.input_class for a, b in pairwise(one))
    assert runs > len(one) / 2


def test_the_figure_is_the_slowest_class_and_scores_at_its_worst_end():
    classes = [
        {"input": "a", "rounds": 15, "medianNs": 1000, "ciLowNs": 900, "ciHighNs": 3000, "p90Ns": 1500},
        {"input": "b", "rounds": 15, "medianNs": 2000, "ciLowNs": 1900, "ciHighNs": 2100, "p90Ns": 2500},
    ]
    found = timing.figure(1024, classes, 2000, 5)
    assert found["tokensPerSec"] == 1024 * 1e9 / 4000
    assert found["tokensPerSecLow"] == int(1024 * 1e12 / 5000) / 1000
    assert found["opTokensPerSec"] == 1024 * 1e9 / 2000


def test_figures_are_floored_and_never_zero():
    third = [{"input": "a", "rounds": 1, "medianNs": 3, "ciLowNs": 3, "ciHighNs": 3, "p90Ns": 3}]
    assert timing.figure(1, third, 0, 0)["tokensPerSec"] == 333_333_333.333
    with pytest.raises(ValueError, match="no figure"):
        slow = [{**third[0], "medianNs": 10**14, "ciHighNs": 10**14}]
        timing.figure(1, slow, 0, 0)
