"""Each input class does what it is for: honest rounding passes its limit, and the shortcut it hunts does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from quasar import inputs, reference

torch.set_num_threads(1)

TASK = json.loads((Path(__file__).parents[2] / "kernels/quasar/task.json").read_text())
LIMITS = {gate["input"]: gate["limit"] for gate in TASK["gates"]}
MEMORY = ("long_memory", "mixed", "quiet_needle", "parallel_keys")


def draw(name, length=1024, seed=7, batch=1, heads=8):
    return inputs.make(name, length=length, batch=batch, heads=heads, head_dim=64, seed=seed, device="cpu")


def rows(x):
    """[B, T, H, S] with T a multiple of 64 -> rows of the pseudo-heads, [B, H, T, S]."""
    return x.double().view(x.shape[0], x.shape[2], x.shape[1], x.shape[3])


def error(o, wanted):
    return ((o.double() - wanted).norm() / wanted.norm()).item()


def windowed(q, k, v, beta, chunks):
    """The op of a kernel that keeps only what the last `chunks` chunks wrote."""
    size, heads, time = q.shape[-1], q.shape[2], q.shape[1]
    parts = [x.view(1, heads, time // 64, 64, size) for x in (q, k, v)]
    out = torch.empty(1, heads, time // 64, 64, size, dtype=torch.float64)
    for c in range(time // 64):
        window = [x[:, :, max(0, c - chunks + 1) : c + 1].reshape(1, -1, heads, size) for x in parts]
        answers, _ = reference.op_scan(*window, beta)  # [1, 64 * chunks, H, S]
        out[:, :, c] = answers[:, -64:].transpose(1, 2)
    return out.flatten(2, 3).transpose(1, 2)


@pytest.mark.parametrize("name", inputs.CLASSES + inputs.EXTRA)
@pytest.mark.parametrize(("length", "batch", "heads"), [(1, 1, 8), (65, 2, 4), (512, 1, 8), (130, 1, 1)])
def test_every_class_has_the_asked_shape_in_bf16_and_a_finite_answer(name, length, batch, heads):
    x = draw(name, length, batch=batch, heads=heads)
    assert {t.dtype for t in x} == {torch.bfloat16}
    assert x.q.shape == x.k.shape == x.v.shape == (batch, length, heads, 64)
    assert x.beta.shape == (heads,)
    assert all(t.is_contiguous() and t.isfinite().all() for t in x)
    assert reference.op(*x)[0].isfinite().all()


@pytest.mark.parametrize("name", inputs.CLASSES + inputs.EXTRA)
def test_a_seed_gives_the_same_bytes_and_another_others(name):
    one, same, other = draw(name), draw(name), draw(name, seed=8)
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one.k, other.k) and not torch.equal(one.q, other.q)


def test_timed_classes_share_beta_so_that_it_does_not_tell_them_apart():
    assert len({tuple(draw(name).beta.tolist()) for name in inputs.CLASSES}) == 1


def test_an_unknown_class_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no input class is named 'nedle'.*quiet_needle"):
        draw("nedle")


@pytest.mark.parametrize(("name", "lam"), [("layer_like", 2), ("lam_0.2", 0.2), ("long_memory", 0.02)])
def test_keys_have_the_squared_norm_of_their_class(name, lam):
    found = rows(draw(name).k).square().sum(-1)
    assert (found / lam - 1).abs().max() < 0.01


def test_mixed_has_one_squared_norm_per_chunk_over_two_decades():
    lam = rows(draw("mixed", 4096).k).square().sum(-1).view(8, 64, 64)
    assert (lam / lam[..., :1] - 1).abs().max() < 0.02
    assert lam.min() < 0.025 and lam.max() > 1.6
    assert 0.4 < (lam < 0.2).double().mean() < 0.6


def test_needle_writes_only_a_sixteenth_and_fades_nothing():
    x = draw("quiet_needle", 2048)
    k, v = rows(x.k)[0], rows(x.v)[0]
    assert (k[:, :128].norm(dim=-1) - 1).abs().max() < 0.01
    assert v[:, :128].std() > 0.95
    assert not v[:, 128:].any()
    assert k[:, 128:].abs().amax(-1).min() > 0
    assert (k[:, 128:].square().sum(-1) * 2048 / 0.1 - 1).abs().max() < 0.01
    needle = (t.view(1, 8, 2048, 64)[:, :, :128].reshape(1, 128, 8, 64) for t in x[:3])
    assert error(reference.op(*x)[1], reference.op(*needle, x.beta)[1]) < 0.01


def test_parallel_keys_are_nearly_parallel_and_equal_keys_equal():
    unit = torch.nn.functional.normalize(rows(draw("parallel_keys").k), dim=-1)
    cosine = (unit[:, :, :1] * unit).sum(-1)[:, :, 1:]
    assert cosine.min() > 0.96 and cosine.max() < 0.9999
    k = rows(draw("equal_keys").k)
    assert torch.equal(k, k[:, :, :1].expand_as(k))
    assert not torch.equal(k[:, 0], k[:, 1])


def test_extras_hold_what_their_names_say():
    zeros = rows(draw("zeros").k).abs().sum(-1) == 0
    assert 0.45 < zeros.double().mean() < 0.55
    assert 95 < rows(draw("x100").v).std() < 105
    loud = rows(draw("outlier_rows").k).norm(dim=-1) > 8
    assert 0.005 < loud.double().mean() < 0.02
    beta = draw("extreme_beta").beta
    assert beta.min() < 0.011 and beta.max() > 19


@pytest.mark.parametrize("name", inputs.CLASSES)
def test_a_correctly_rounded_answer_is_far_inside_every_limit(name):
    x = draw(name)
    wanted = reference.op(*x)[0]
    assert error(wanted.to(torch.bfloat16), wanted) < LIMITS[name] / 5


@pytest.mark.parametrize("name", MEMORY)
def test_a_kernel_that_keeps_six_chunks_fails_where_memory_counts(name):
    x = draw(name)
    assert error(windowed(*x, chunks=6), reference.op(*x)[0]) > 2 * LIMITS[name]


@pytest.mark.parametrize("name", ["long_memory", "quiet_needle", "parallel_keys"])
def test_a_kernel_that_keeps_sixteen_chunks_fails_at_2048(name):
    x = draw(name, 2048, heads=2)
    assert error(windowed(*x, chunks=16), reference.op_scan(*x)[0]) > 5 * LIMITS[name]


def test_keys_of_the_layers_own_size_cannot_see_a_short_memory():
    x = draw("layer_like", 2048, heads=2)
    wanted = reference.op(*x)[0]
    assert error(windowed(*x, chunks=12), wanted) < LIMITS["layer_like"]
    naive = windowed(*x, chunks=6)
    assert torch.nn.functional.cosine_similarity(naive.flatten(), wanted.flatten(), dim=0) > 0.999


@pytest.mark.parametrize("name", inputs.CLASSES)
def test_eight_bit_inputs_fail_every_class(name):
    x = draw(name)
    small = [t.to(torch.float8_e4m3fn).double() for t in x[:3]]
    assert error(reference.op(*small, x.beta)[0], reference.op(*x)[0]) > LIMITS[name]


@pytest.mark.parametrize("name", inputs.CLASSES)
def test_a_single_write_fails_every_class(name):
    """The published function writes each chunk twice before it answers; who reads it as one write must be told."""
    x = draw(name)
    q, k, v = (rows(t).unflatten(2, (-1, 64)) for t in x[:3])
    state = torch.zeros(1, 8, 64, 64, dtype=torch.float64)
    once = torch.empty_like(q)
    for c in range(q.shape[2]):
        chunk = (t[:, :, c].reshape(1, 64, 8, 64) for t in (q, k, v))
        _, state = reference.op(*chunk, x.beta, state)
        once[:, :, c] = q[:, :, c] @ state
    assert error(once.flatten(2, 3).transpose(1, 2), reference.op(*x)[0]) > 2 * LIMITS[name]
