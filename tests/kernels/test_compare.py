from __future__ import annotations

import math

import pytest
import torch
from judge import compare
from judge.compare import errors, relative_rms


def reference(seed=0, length=256):
    return torch.randn(1, length, 4, 16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_rounding_to_bf16_is_a_sixth_of_a_percent():
    found = errors(reference().to(torch.bfloat16), reference())
    assert found.nonfinite == 0
    assert 0.001 < found.rel_rms < 0.0025
    assert found.rel_rms <= found.chunk_rms < 0.004
    assert found.row_cosine > 0.9999


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
def test_one_value_that_is_not_finite_leaves_no_figure(poison):
    output = reference().to(torch.bfloat16)
    output[0, 100, 2, 3] = poison
    found = errors(output, reference())
    assert found.nonfinite == 1
    for value in (found.rel_rms, found.chunk_rms, found.row_cosine, found.signed_mean):
        assert not value <= 1e9 and not value >= 0.99


def test_one_skipped_chunk_of_one_head_stands_out():
    wanted = reference(length=64 * 100)
    output = wanted.clone()
    output[:, -64:, 3] = 0
    found = errors(output, wanted)
    assert found.rel_rms < 0.06
    assert found.chunk_rms > 0.9


def test_one_wrong_row_shows_in_its_direction():
    wanted = reference()
    output = wanted.clone()
    output[0, 17, 1] = output[0, 17, 1].flip(0)
    assert errors(output, wanted).row_cosine < 0.9


def test_a_row_of_noise_level_has_no_direction():
    wanted = reference()
    wanted[0, 5] *= 1e-4
    output = wanted.clone()
    output[0, 5] *= -1
    assert errors(output, wanted).row_cosine == pytest.approx(1)


def test_a_zero_reference_is_held_to_absolute_values():
    wanted = torch.zeros(1, 64, 2, 8, dtype=torch.float64)
    assert errors(wanted.to(torch.bfloat16), wanted).rel_rms == 0
    assert errors(torch.full_like(wanted, 0.5), wanted).rel_rms == 0.5


def test_lengths_that_are_not_whole_chunks_are_compared_to_the_end():
    wanted = reference(length=70)
    output = wanted.clone()
    output[:, 69] = 0
    assert errors(output, wanted).chunk_rms > 0.1


def test_errors_that_all_point_one_way_show_in_their_mean():
    wanted = reference()
    scale = wanted.square().mean().sqrt()
    assert errors(wanted - 0.01 * scale, wanted).signed_mean == pytest.approx(0.01)
    assert errors(wanted.to(torch.bfloat16), wanted).signed_mean < 1e-4


@pytest.mark.parametrize("block", [1, 5000, 1 << 30])
def test_what_is_looked_at_together_changes_nothing(monkeypatch, block):
    wanted = torch.cat([reference(1, 203), reference(2, 203) * 3])
    output = wanted.to(torch.bfloat16)
    output[1, 130, 2] *= -1
    usual = errors(output, wanted)
    monkeypatch.setitem(compare.BLOCK, "cpu", block)
    found = errors(output, wanted)
    for name in ("rel_rms", "chunk_rms", "row_cosine", "signed_mean"):
        assert getattr(found, name) == pytest.approx(getattr(usual, name), rel=1e-12)
    output[1, 202, 3, 15] = math.inf
    assert errors(output, wanted).nonfinite == 1


def test_a_reference_in_fp32_serves_as_well():
    wanted = reference(length=500)
    output = wanted.to(torch.bfloat16)
    exact, found = errors(output, wanted), errors(output, wanted.float())
    assert found.rel_rms == pytest.approx(exact.rel_rms, rel=1e-4)
    assert found.chunk_rms == pytest.approx(exact.chunk_rms, rel=1e-4)
    assert found.row_cosine == pytest.approx(exact.row_cosine, rel=1e-6)


def test_what_is_compared_stays_as_it_is():
    wanted = reference()
    output = wanted + 1
    before = output.clone(), wanted.clone()
    errors(output, wanted)
    relative_rms(output, wanted)
    assert torch.equal(output, before[0]) and torch.equal(wanted, before[1])


def test_a_state_that_is_not_finite_is_infinitely_wrong():
    state = torch.ones(2, 2)
    state[0, 0] = math.nan
    assert not relative_rms(state, torch.ones(2, 2, dtype=torch.float64)) <= 1e9
