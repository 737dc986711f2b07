from __future__ import annotations

import pytest
from judge.gates import probes
from judge.keys import Keys
from quasar import inputs


@pytest.mark.parametrize("target", [128, 192, 1024, 100_000, 1_048_576])
@pytest.mark.parametrize("seed", range(10))
def test_hidden_shapes_are_short_odd_and_near_the_target(target, seed):
    shapes = probes.drawn_shapes(target, Keys(bytes(32)).stream(str(seed)))
    *short, (odd, *_), (near, batch, heads, _) = shapes
    assert [length for length, *_ in short] == [1, 63, 64, 65]
    assert odd % 2 == 1 and min(10_000, target // 2) <= odd < min(100_000, target)
    assert near != target and abs(near - target) <= max(1, target // 100)
    assert (batch, heads) == (1, 8)
    assert {b for _, b, _, _ in shapes} == {1, 2} and {h for _, _, h, _ in shapes} == {1, 4, 8}
    assert {name for *_, name in shapes} <= set(inputs.CLASSES)


def test_hidden_shapes_are_drawn():
    drawn = {str(probes.drawn_shapes(1_048_576, Keys(bytes(32)).stream(str(seed)))) for seed in range(20)}
    assert len(drawn) == 20
