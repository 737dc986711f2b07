"""What QuasarAttention must compute, frozen as formulas. Torch only, fp64 or fp32, any device.

Per row m of a pseudo-head, with key k [S], value v [S] and state X [S, S] = [key, value]:

    lam   = |k|^2
    alpha = (1 - exp(-beta * lam)) / (lam + 1e-8)
    f_m(X) = (I - alpha k k^T) X + alpha k v^T

A chunk is 64 rows, and F_c = f_64 o ... o f_1 its 64 writes. The published function carries S_c = F_c(S_{c-1}) and
answers every row of chunk c with q F_c(S_c): the chunk is written twice, and no causal mask hides its later rows.

Rows are not time steps. T is padded with zeros to a multiple of 64, Tp; then the published reshape reads row r of
pseudo-head p at (t, h) = divmod(p * Tp + r, H), and writes its answer to time r of head p.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

CHUNK = 64
EPS = 1e-8
NORM_EPS = 1e-5
CONV_WIDTH = 4
# Of [T, S] values per pseudo-head at once, the most that the scan holds beside its results.
SCAN_ARRAYS = 10


def op(q, k, v, beta, initial_state=None, dtype=torch.float64):
    """The published function, chunk after chunk.

    q, k, v [B, T, H, S], beta [H] (after softplus), initial_state [B, H, S, S] or None
    -> o [B, T, H, S], state [B, H, S, S], both in `dtype`.
    """
    part = slice(0, q.shape[2])
    q_rows, k_rows, v_rows = (_to_rows(x, dtype, part) for x in (q, k, v))
    w, u, state = _prepare(k_rows, v_rows, beta, initial_state)
    answers = torch.empty_like(q_rows)  # [B, H, N, 64, S]
    for c in range(q_rows.shape[2]):
        state = _write(state, k_rows[:, :, c], w[:, :, c], u[:, :, c])
        twice = _write(state, k_rows[:, :, c], w[:, :, c], u[:, :, c])
        answers[:, :, c] = q_rows[:, :, c] @ twice
    return _to_time(answers, q.shape[1]).contiguous(), state


def op_scan(q, k, v, beta, initial_state=None, dtype=torch.float64, heads_at_once=None):
    """`op` by a two-level scan: 2 sqrt(N) steps for N chunks, and the same figures to a few units of rounding.

    A chunk is the affine map X -> M X + C with M = I - K^T W and C = K^T U. Groups of about sqrt(N) chunks are composed
    in parallel, the state is carried from group to group, and then walks through all groups in parallel.

    `heads_at_once` pseudo-heads are worked on together, all of them if it is None; `scan_bytes` says what that needs.
    """
    batch, time, heads, size = q.shape
    together = heads_at_once or heads
    o = torch.empty(batch, time, heads, size, dtype=dtype, device=q.device)
    final = torch.empty(batch, heads, size, size, dtype=dtype, device=q.device)
    for first in range(0, heads, together):
        part = slice(first, min(first + together, heads))
        state = None if initial_state is None else initial_state[:, part]
        _scan(q, k, v, beta, state, dtype, part, o, final)
    return o, final


def scan_bytes(length, batch, heads, heads_at_once, dtype):
    """An upper bound of the memory that `op_scan` takes beside its inputs, its results included, at head size 64."""
    padded = length + -length % CHUNK
    return batch * padded * 64 * dtype.itemsize * (heads + SCAN_ARRAYS * heads_at_once)


def _scan(q, k, v, beta, state, dtype, part, o, final):
    """The scan of the pseudo-heads `part`, into their places in o [B, T, H, S] and final [B, H, S, S]."""
    k_rows, v_rows = _to_rows(k, dtype, part), _to_rows(v, dtype, part)
    w, u, state = _prepare(k_rows, v_rows, beta[part], state)
    del v_rows
    chunks, size = k_rows.shape[2], k_rows.shape[-1]
    eye = torch.eye(size, dtype=dtype, device=q.device)
    per_group = math.ceil(math.sqrt(chunks))
    groups = math.ceil(chunks / per_group)
    # The last group's spare maps change nothing.
    maps = eye.repeat(*k_rows.shape[:2], groups * per_group, 1, 1)  # [B, H, G * P, S, S]
    adds = torch.zeros_like(maps)
    maps[:, :, :chunks] -= k_rows.mT @ w
    adds[:, :, :chunks] = k_rows.mT @ u
    del k_rows, w, u
    maps = maps.unflatten(2, (groups, per_group))  # [B, H, G, P, S, S]
    adds = adds.unflatten(2, (groups, per_group))

    group_map, group_add = maps[:, :, :, 0], adds[:, :, :, 0]  # [B, H, G, S, S]
    for p in range(1, per_group):
        group_add = maps[:, :, :, p] @ group_add + adds[:, :, :, p]
        group_map = maps[:, :, :, p] @ group_map

    before = torch.empty_like(group_map)  # the state in front of each group
    for g in range(groups):
        before[:, :, g] = state
        state = group_map[:, :, g] @ state + group_add[:, :, g]
    final[:, part] = state

    twice = maps  # what a chunk answers from takes the place of its map, which no later step needs
    for p in range(per_group):
        before = maps[:, :, :, p] @ before + adds[:, :, :, p]
        twice[:, :, :, p] = maps[:, :, :, p] @ before + adds[:, :, :, p]
    del adds
    answers = _to_rows(q, dtype, part) @ twice.flatten(2, 3)[:, :, :chunks]  # [B, H, N, 64, S]
    o[:, :, part] = _to_time(answers, q.shape[1])


def layer(state_dict, x, heads, dtype=torch.float64):
    """The published layer (no mask, no cache): x [B, T, hidden] -> [B, T, hidden], weights by their published names."""
    weights = {name: w.to(device=x.device, dtype=dtype) for name, w in state_dict.items()}
    x = x.to(dtype)
    q, k, v = (_short_conv(x @ weights[f"{n}_proj.weight"].T, weights[f"{n}_conv1d.weight"]) for n in "qkv")
    q, k, v = (z.unflatten(-1, (heads, -1)) for z in (q, k, v))  # [B, T, H, S]
    o, _ = op(q, k, v, F.softplus(weights["beta_log"]), dtype=dtype)
    return _gated_output(weights, x, o)


@torch.no_grad()
def fixed_part(weights, x, heads):
    """All of the layer but its op, in bf16, for the judge to time: x [B, T, hidden] -> [B, T, hidden].

    The values stand in for the op's answer, which has their shape. `weights` and `x` are bf16 already, so that no cast
    is timed.
    """
    q, k, v = (_short_conv(F.linear(x, weights[f"{n}_proj.weight"]), weights[f"{n}_conv1d.weight"]) for n in "qkv")
    q, k, v = (z.unflatten(-1, (heads, -1)) for z in (q, k, v))  # [B, T, H, S]
    return _gated_output(weights, x, v)


def layer_weights(generator, hidden, heads, head_dim):
    """fp32 weights of one layer as the published layer initialises them; the same generator gives the same weights."""
    inner = heads * head_dim

    def uniform(*shape, fan_in):
        bound = fan_in**-0.5
        return torch.empty(shape, device=generator.device).uniform_(-bound, bound, generator=generator)

    weights = {}
    for n in "qkv":
        weights[f"{n}_proj.weight"] = uniform(inner, hidden, fan_in=hidden)
        weights[f"{n}_conv1d.weight"] = uniform(inner, 1, CONV_WIDTH, fan_in=CONV_WIDTH)
    weights["beta_log"] = torch.empty(heads, device=generator.device).uniform_(1, 16, generator=generator).log()
    weights["g_proj.0.weight"] = uniform(head_dim, hidden, fan_in=hidden)
    weights["g_proj.1.weight"] = uniform(inner, head_dim, fan_in=head_dim)
    weights["g_proj.1.bias"] = uniform(inner, fan_in=head_dim)
    weights["o_norm.weight"] = torch.ones(head_dim, device=generator.device)
    weights["o_proj.weight"] = uniform(hidden, inner, fan_in=inner)
    return weights


def _prepare(k, v, beta, initial_state):
    """k, v [B, H, N, 64, S], beta [H] -> W and U [B, H, N, 64, S], first state [B, H, S, S].

    The writes of a chunk in closed form (WY): L = I + tril(diag(alpha) K K^T, -1), W = L^-1 diag(alpha) K,
    U = L^-1 diag(alpha) V, and F_c(X) = X + K^T (U - W X).
    """
    if k.is_cuda and torch.backends.cuda.matmul.allow_tf32:
        raise ValueError("the reference needs full fp32 products: set torch.backends.cuda.matmul.allow_tf32 = False")
    batch, heads, _, _, size = k.shape
    alpha = _alpha(k, beta.to(k.dtype).view(-1, 1, 1, 1))  # [B, H, N, 64, 1]
    lower = (alpha * (k @ k.mT)).tril_(-1)  # the unit diagonal is implied
    w_u = torch.linalg.solve_triangular(lower, alpha * torch.cat([k, v], -1), upper=False, unitriangular=True)
    state = k.new_zeros(batch, heads, size, size) if initial_state is None else initial_state.to(k.dtype)
    return *w_u.split(size, -1), state


def _alpha(k, beta):
    """Strength of each write, k [..., S] -> [..., 1]; expm1 because 1 - exp(-x) loses small x."""
    lam = k.square().sum(-1, keepdim=True)
    return -torch.expm1(-beta * lam) / (lam + EPS)


def _write(state, k, w, u):
    """F_c for one chunk: state [B, H, S, S], k, w, u [B, H, 64, S] -> [B, H, S, S]."""
    return state + k.mT @ (u - w @ state)


def _to_rows(x, dtype, part):
    """[B, T, H, S] -> [B, heads in `part`, N, 64, S]: the memory reinterpreted, as the published code does."""
    batch, time, heads, size = x.shape
    rows = time + -time % CHUNK  # of one pseudo-head; the padding of the time is the end of the last one
    held = x.reshape(batch, time * heads, size)[:, part.start * rows : part.stop * rows].to(dtype)
    if missing := (part.stop - part.start) * rows - held.shape[1]:
        held = F.pad(held, (0, 0, 0, missing))
    return held.reshape(batch, part.stop - part.start, -1, CHUNK, size)


def _to_time(answers, time):
    """[B, H, N, 64, S] -> [B, T, H, S]: row r of pseudo-head p is time r of head p; padded rows are dropped."""
    return answers.flatten(2, 3).transpose(1, 2)[:, :time]


def _short_conv(x, weight):
    """Causal depthwise convolution and silu: x [B, T, D], weight [D, 1, 4] -> [B, T, D]. By hand: no cuDNN, no TF32."""
    width, time = weight.shape[-1], x.shape[1]
    padded = F.pad(x, (0, 0, width - 1, 0))
    return F.silu(sum(padded[:, j : j + time] * weight[:, 0, j] for j in range(width)))


def _gated_output(weights, x, o):
    """RMSNorm of o [B, T, H, S] per head, gated by x [B, T, hidden], and projected -> [B, T, hidden]."""
    gate = F.linear(F.linear(x, weights["g_proj.0.weight"]), weights["g_proj.1.weight"], weights["g_proj.1.bias"])
    o = o * torch.rsqrt(o.square().mean(-1, keepdim=True) + NORM_EPS) * weights["o_norm.weight"]
    o = o * torch.sigmoid(gate.view_as(o))
    return F.linear(o.flatten(-2), weights["o_proj.weight"])
