"""The reference against an oracle that shares none of its algebra: token by token, indexed by hand, in numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from quasar import reference

torch.set_num_threads(1)

SIZE = 16
ODD_LENGTHS = [1, 63, 64, 65, 130, 192, 257]


def draw(seed, *, batch, time, heads):
    """-> q, k, v [B, T, H, S], beta [H], state [B, H, S, S] in fp64."""
    rng = np.random.default_rng(seed)
    q, k, v = (0.4 * rng.standard_normal((batch, time, heads, SIZE)) for _ in range(3))
    return q, k, v, rng.uniform(0.7, 2.8, heads), rng.standard_normal((batch, heads, SIZE, SIZE))


def token_loop(q, k, v, beta, state):
    """Pushes each chunk's rows twice through single writes and reads every time step of every head by its index."""
    batch, time, heads, size = q.shape
    padded = math.ceil(time / 64) * 64
    nothing = np.zeros(size)

    def row(x, b, m):
        t, h = divmod(m, heads)
        return x[b, t, h] if t < time else nothing

    def write(b, p, rows, x):
        for m in rows:
            key, value = row(k, b, m), row(v, b, m)
            lam = sum(z * z for z in key)
            alpha = (1 - math.exp(-beta[p] * lam)) / (lam + 1e-8)
            x = x - alpha * np.outer(key, key @ x) + alpha * np.outer(key, value)
        return x

    answers, final = np.zeros_like(q), state.copy()
    for b in range(batch):
        for p in range(heads):
            x = state[b, p]
            for first in range(0, padded, 64):
                rows = range(p * padded + first, p * padded + first + 64)
                x = write(b, p, rows, x)
                twice = write(b, p, rows, x)
                for r, m in enumerate(rows):
                    if first + r < time:
                        answers[b, first + r, p] = row(q, b, m) @ twice
            final[b, p] = x
    return answers, final


def tensors(arrays):
    return [torch.from_numpy(np.ascontiguousarray(x)) for x in arrays]


@pytest.mark.parametrize("heads", [1, 4, 8])
@pytest.mark.parametrize("time", ODD_LENGTHS)
@pytest.mark.parametrize("function", [reference.op, reference.op_scan])
def test_is_the_token_loop(function, time, heads):
    arrays = draw(time, batch=2, time=time, heads=heads)
    answers, final = token_loop(*arrays)
    o, state = function(*tensors(arrays))
    assert o.shape == answers.shape
    assert np.abs(o.numpy() - answers).max() < 1e-12
    assert np.abs(state.numpy() - final).max() < 1e-12


def test_starts_from_zeros_without_an_initial_state():
    q, k, v, beta, state = draw(5, batch=1, time=100, heads=4)
    answers, final = token_loop(q, k, v, beta, np.zeros_like(state))
    for function in (reference.op, reference.op_scan):
        o, x = function(*tensors([q, k, v, beta]))
        assert np.abs(o.numpy() - answers).max() < 1e-12
        assert np.abs(x.numpy() - final).max() < 1e-12


@pytest.mark.parametrize("function", [reference.op, reference.op_scan])
def test_fp32_is_within_rounding_of_fp64(function):
    inputs = tensors(draw(9, batch=1, time=1500, heads=4))
    exact, exact_state = reference.op(*inputs)
    o, state = function(*inputs, dtype=torch.float32)
    assert o.dtype == state.dtype == torch.float32
    assert (o - exact).norm() / exact.norm() < 3e-6
    assert (state - exact_state).norm() / exact_state.norm() < 3e-6


def test_loop_and_scan_agree_where_groups_do_not_come_out_even():
    for chunks in (2, 3, 5, 7, 17):
        inputs = tensors(draw(chunks, batch=1, time=64 * chunks, heads=2))
        (o, state), (o2, state2) = reference.op(*inputs), reference.op_scan(*inputs)
        assert (o - o2).abs().max() < 1e-12
        assert (state - state2).abs().max() < 1e-12


@pytest.mark.parametrize("together", [1, 2, 3, 4])
@pytest.mark.parametrize("time", [1, 130, 256])
def test_pseudo_heads_can_be_worked_on_a_few_at_a_time(time, together):
    inputs = tensors(draw(time, batch=2, time=time, heads=4))
    (o, state), (o2, state2) = reference.op(*inputs), reference.op_scan(*inputs, heads_at_once=together)
    assert (o - o2).abs().max() < 1e-12
    assert (state - state2).abs().max() < 1e-12


def test_a_few_heads_at_a_time_need_less_memory():
    def needed(together, dtype=torch.float32):
        return reference.scan_bytes(1_048_576, 1, 8, together, dtype)

    assert needed(1) < needed(2) < needed(8) < 32 * 2**30
    assert reference.scan_bytes(524_288, 1, 8, 1, torch.float32) < 3 * 2**30
    assert needed(8, torch.float64) == 2 * needed(8)
    assert reference.scan_bytes(65, 2, 8, 8, torch.float64) == reference.scan_bytes(128, 2, 8, 8, torch.float64)


def test_inputs_are_left_as_they_were():
    inputs = tensors(draw(2, batch=1, time=130, heads=2))
    before = [x.clone() for x in inputs]
    reference.op(*inputs)
    reference.op_scan(*inputs)
    assert all(torch.equal(x, y) for x, y in zip(inputs, before, strict=True))


def test_looks_ahead_as_the_published_function_does():
    q, k, v, beta, _ = tensors(draw(3, batch=1, time=256, heads=4))
    o, _ = reference.op(q, k, v, beta)
    k = k.clone()
    k[:, 192] += 1  # the first step of the last of four segments
    changed = (reference.op(q, k, v, beta)[0] - o).abs().amax((0, 3)) > 1e-9  # [T, H]
    assert changed[0, 3]
    assert not changed[:, :3].any()


def hand_layer(weights, x, heads):
    """The layer with loops over time and heads, in numpy: x [T, hidden] -> [T, hidden]."""
    w = {name: value.double().numpy() for name, value in weights.items()}

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def conv(z, taps):
        out = np.zeros_like(z)
        for t in range(len(z)):
            for j in range(4):
                if t - 3 + j >= 0:
                    out[t] += z[t - 3 + j] * taps[:, 0, j]
        return out * sigmoid(out)

    qkv = [conv(x @ w[f"{n}_proj.weight"].T, w[f"{n}_conv1d.weight"]) for n in "qkv"]
    qkv = [z.reshape(1, len(x), heads, -1) for z in qkv]
    beta = np.log1p(np.exp(w["beta_log"]))
    size = qkv[0].shape[-1]
    o = token_loop(*qkv, beta, np.zeros((1, heads, size, size)))[0][0]
    gate = x @ w["g_proj.0.weight"].T @ w["g_proj.1.weight"].T + w["g_proj.1.bias"]
    for t in range(len(x)):
        for h in range(heads):
            row = o[t, h] / math.sqrt((o[t, h] ** 2).mean() + 1e-5) * w["o_norm.weight"]
            o[t, h] = row * sigmoid(gate[t, h * size : (h + 1) * size])
    return o.reshape(len(x), -1) @ w["o_proj.weight"].T


def small_layer(seed=0):
    return reference.layer_weights(torch.Generator().manual_seed(seed), hidden=24, heads=4, head_dim=8)


def test_layer_is_the_layer_by_hand():
    weights = small_layer()
    weights["o_norm.weight"] = torch.linspace(0.5, 1.5, 8)
    x = torch.randn(1, 70, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    wanted = hand_layer(weights, x[0].numpy(), 4)
    assert np.abs(reference.layer(weights, x, 4)[0].numpy() - wanted).max() < 1e-12
    assert np.abs(reference.layer(weights, x, 4, torch.float32)[0].numpy() - wanted).max() < 1e-4


def test_layer_weights_are_those_of_the_published_initialisation():
    weights = reference.layer_weights(torch.Generator().manual_seed(3), hidden=512, heads=8, head_dim=64)
    shapes = {name: tuple(w.shape) for name, w in weights.items()}
    convs = {f"{n}_conv1d.weight": (512, 1, 4) for n in "qkv"}
    projections = {f"{n}_proj.weight": (512, 512) for n in "qkvo"}
    gate = {"g_proj.0.weight": (64, 512), "g_proj.1.weight": (512, 64), "g_proj.1.bias": (512,)}
    assert shapes == {"beta_log": (8,), "o_norm.weight": (64,), **convs, **projections, **gate}
    assert 0.49 < weights["k_conv1d.weight"].abs().max() <= 0.5
    assert 0.0441 < weights["q_proj.weight"].abs().max() <= 512**-0.5
    assert 0.12 < weights["g_proj.1.weight"].abs().max() <= 0.125
    assert weights["beta_log"].exp().min() >= 1 - 1e-6 and weights["beta_log"].exp().max() <= 16
    again = reference.layer_weights(torch.Generator().manual_seed(3), hidden=512, heads=8, head_dim=64)
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_fixed_part_is_the_layer_with_the_values_as_the_answer(monkeypatch):
    weights = small_layer(4)
    x = torch.randn(2, 100, 24, generator=torch.Generator().manual_seed(5)).to(torch.bfloat16)
    monkeypatch.setattr(reference, "op", lambda q, k, v, beta, dtype: (v, None))
    wanted = reference.layer(weights, x, 4)
    got = reference.fixed_part({name: w.to(torch.bfloat16) for name, w in weights.items()}, x, 4)
    assert got.dtype == torch.bfloat16 and not got.requires_grad
    assert (got - wanted).norm() / wanted.norm() < 0.02
