from __future__ import annotations

import pytest
import torch
from judge import logits
from judge.keys import Keys
from judge.task import load_task

KEYS = Keys(bytes(range(32)))
SIZES = logits.SIZES["cpu"]


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return logits.Model(SIZES, KEYS, load_task("quasar_demo"))


def test_the_logits_have_unit_deviation(model):
    found = model.logits(model.trunk(), [0, 100, SIZES.length - 1])
    assert 0.9 < found.std().item() < 1.1


def test_equal_keys_make_equal_models(model):
    again = logits.Model(SIZES, KEYS, load_task("quasar_demo"))
    assert all(torch.equal(a, b) for a, b in zip(model.masters, again.masters, strict=True))
    other = logits.Model(SIZES, Keys(bytes(32)), load_task("quasar_demo"))
    assert not torch.equal(model.masters[0], other.masters[0])


def test_the_head_never_leaves_the_judge(model):
    shapes = {field.shape for field in model.slot().inputs}
    assert tuple(model.head.shape) not in shapes
    assert [field.name for field in model.slot().outputs] == ["hidden"]


@pytest.mark.parametrize("name", [str(i) for i in range(20)])
def test_positions_hold_the_ends_and_the_borders(name):
    positions = logits.drawn_positions(SIZES.length, SIZES.heads, KEYS.stream(name))
    segment = SIZES.length // SIZES.heads
    assert len(positions) == len(set(positions)) == logits.POSITIONS
    assert {0, 63, 64, segment - 1, segment, SIZES.length - 1} <= set(positions)
    assert min(positions) >= 0 and max(positions) < SIZES.length
