from __future__ import annotations

import random

import pytest
from judge.clock import physics

BYTES_PER_TOKEN = 4096
BANDWIDTH = 4.3e12
TARGET = 1_000_000


def summary(median, half_width=0.0, p90=1.0, name="mixed"):
    spread = int(median * half_width)
    return {
        "input": name,
        "rounds": 5,
        "medianNs": median,
        "ciLowNs": median - spread,
        "ciHighNs": median + spread,
        "p90Ns": int(median * p90),
    }


def under(length, *medians, cache=0):
    classes = [summary(ns, name=f"class{i}") for i, ns in enumerate(medians)]
    return physics.under_roofline(length, classes, BYTES_PER_TOKEN, BANDWIDTH, cache)


def test_the_roofline_of_a_million_tokens_is_a_millisecond():
    assert physics.roofline_ns(TARGET, BYTES_PER_TOKEN, BANDWIDTH) == pytest.approx(952_558, rel=1e-4)
    assert physics.roofline_share(TARGET, 95_255_814, BYTES_PER_TOKEN, BANDWIDTH) == pytest.approx(0.01)


def test_a_time_under_the_roofline_is_implausible_and_names_its_class():
    found = under(TARGET, 900_000_000, 500_000)
    assert found is not None
    assert "class1" in found and "0.500 ms" in found and "length 1000000" in found
    assert under(TARGET, 900_000_000, 952_558) is None


def test_what_the_cache_may_hold_is_not_asked_of_the_memory():
    assert under(100_000, 70_000) is not None
    assert under(100_000, 70_000, cache=50 * 2**20) is None
    assert under(100_000, 50_000, cache=50 * 2**20) is not None
    assert under(100_000, 1, cache=2**40) is None


def test_short_lengths_are_exempt():
    assert under(2048, 1) is None
    assert under(65_535, 1) is None
    assert under(65_536, 1) is not None


@pytest.mark.parametrize("seed", range(30))
def test_no_time_at_or_over_the_roofline_is_ever_implausible(seed):
    draw = random.Random(seed)
    for _ in range(50):
        length = draw.randrange(64, 4_194_304)
        bandwidth = 10 ** draw.uniform(11, 14)
        least = physics.roofline_ns(length, BYTES_PER_TOKEN, bandwidth)
        op_ns = int(least * draw.uniform(1, 1000)) + 1
        assert physics.under_roofline(length, [summary(op_ns)], BYTES_PER_TOKEN, bandwidth) is None
        assert 0 < physics.roofline_share(length, op_ns, BYTES_PER_TOKEN, bandwidth) <= 1


@pytest.mark.parametrize("seed", range(30))
def test_work_in_proportion_with_a_fixed_cost_and_noise_grows(seed):
    draw = random.Random(seed)
    for _ in range(50):
        target = draw.randrange(100_000, 1_048_577)
        per_token = 10 ** draw.uniform(0, 4)
        fixed = draw.uniform(0, 1_000_000)
        times = {n: int((fixed + per_token * n) * draw.uniform(0.9, 1.1)) for n in (target // 4, target // 2, target)}
        assert physics.stops_growing(times) is None


def test_a_time_that_does_not_grow_is_implausible():
    found = physics.stops_growing({250_000: 400_000_000, 500_000: 800_000_000, 1_000_000: 900_000_000})
    assert found is not None
    assert "800.00 ms at length 500000" in found and "900.00 ms at length 1000000" in found


def test_growth_is_asked_between_lengths_of_any_ratio():
    assert physics.stops_growing({250_000: 400_000_000, 1_000_000: 700_000_000}) is not None
    assert physics.stops_growing({250_000: 400_000_000, 1_000_000: 800_000_000}) is None
    assert physics.stops_growing({1_000_000: 40_000_000, 1_000_001: 40_000_013}) is None


def test_a_fixed_cost_is_suspect_only_where_it_outweighs_the_work():
    assert physics.stops_growing({500_000: 2_100_000 + 50_000, 1_000_000: 2_100_000 + 100_000}) is None
    assert physics.stops_growing({500_000: 2_500_000 + 50_000, 1_000_000: 2_500_000 + 100_000}) is not None
    assert physics.stops_growing({500_000: 4_000_000 + 1_000_000, 1_000_000: 4_000_000 + 2_000_000}) is None


def test_short_calls_need_not_grow():
    assert physics.stops_growing({512: 300_000, 1024: 300_000, 2048: 310_000}) is None


def test_growth_beyond_the_length_is_slow_and_nothing_else():
    assert physics.stops_growing({250_000: 10_000_000, 500_000: 40_000_000, 1_000_000: 160_000_000}) is None


def test_lengths_near_each_other_agree_within_15_percent_a_token():
    assert physics.lengths_disagree({999_871: 10_000_000, 1_000_063: 11_400_000}) is None
    found = physics.lengths_disagree({999_871: 10_000_000, 1_000_063: 11_700_000})
    assert found is not None
    assert "length 999871" in found and "length 1000063" in found
    assert physics.lengths_disagree({1_000_063: 10_000_000, 999_871: 11_700_000}) is not None
    assert physics.lengths_disagree({1_000_000: 5}) is None


@pytest.mark.parametrize("seed", range(20))
def test_agreement_does_not_depend_on_the_order(seed):
    draw = random.Random(seed)
    times = [(1_000_000 + 64 * i, draw.randrange(9_000_000, 11_000_000)) for i in range(3)]
    other = draw.sample(times, 3)
    assert physics.lengths_disagree(dict(times)) == physics.lengths_disagree(dict(other))


def test_a_wide_interval_or_a_long_tail_is_unstable():
    assert physics.unstable([summary(1_000_000), summary(1_000_000, half_width=0.05, p90=1.5)]) is None
    assert physics.unstable([summary(1_000_000), summary(1_000_000, 0.071)]) == (
        "half-width of class mixed stays at 7.1% of its median"
    )
    assert "1.60 times" in (physics.unstable([summary(1_000_000, p90=1.6)]) or "")


def test_two_slow_calls_may_be_further_apart_than_five():
    two = {**summary(3_400_000_000, 0.12), "rounds": 2}
    assert physics.unstable([two]) is None
    assert "13.0%" in (physics.unstable([{**summary(3_400_000_000, 0.13), "rounds": 2}]) or "")
    assert "12.0%" in (physics.unstable([{**summary(3_400_000, 0.12), "rounds": 2}]) or "")


@pytest.mark.parametrize(("rounds", "call_ns"), [(5, 1e8), (2, 2 * physics.SLOW_NS)])
@pytest.mark.parametrize("seed", range(20))
def test_ten_percent_between_calls_is_never_unstable(seed, rounds, call_ns):
    from judge.clock import stats
    from judge.keys import Keys

    draw = random.Random(seed)
    times = [int(call_ns * draw.uniform(0.95, 1.05)) for _ in range(rounds)]
    found = stats.summarise(times, Keys(bytes(32)).stream(str(seed)))
    assert physics.unstable([{"input": "mixed", **found}]) is None
