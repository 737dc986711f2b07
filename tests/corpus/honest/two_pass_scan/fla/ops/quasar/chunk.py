"""Chunk-wise QuasarAttention as a parallel scan over affine maps, in five Triton kernels.

A chunk is the map X -> X + D X + C of its state. `solve` and `chunk_maps` find D and C of every chunk by itself,
`compose` folds groups of chunks into one map each, `carry` takes the state from group to group, and `walk` answers the
queries of all groups at once. D = -K^T W is kept apart from the identity, which bf16 would round it into.
"""

import math

import torch
import torch.nn.functional as F  # noqa: F401
import triton
import triton.language as tl
from fla.ops.quasar.forward_substitution import forward_substitution_kernel  # noqa: F401
from fla.ops.utils.index import prepare_chunk_indices  # noqa: F401
from fla.utils import (  # noqa: F401
    IS_AMD,
    autocast_custom_bwd,
    autocast_custom_fwd,
    autotune_cache_kwargs,
    check_shared_mem,
    input_guard,
)

ON_CPU = tl.constexpr(not torch.cuda.is_available())
GROUP = 128  # most chunks of a group
SOLVE = {"num_warps": 4, "num_stages": 1}
MAPS = {"num_warps": 4, "num_stages": 2}
COMPOSE = {"num_warps": 4, "num_stages": 3}
CARRY = {"num_warps": 4, "num_stages": 3}
WALK = {"num_warps": 4, "num_stages": 3}


@triton.jit
def narrow(x):
    """Rounded to bf16. By hand on a CPU: Triton's interpreter cuts bits off, and multiplies bf16 as if integers."""
    if ON_CPU:
        x = x.to(tl.float32)
        return x * 65537.0 - (x * 65537.0 - x)
    else:
        return x.to(tl.bfloat16)


@triton.jit
def rows_of(chunk, rows_in_batch, heads, chunks):
    """Flat reading: row r of pseudo-head p is row p * 64 * chunks + r of its batch; rows past the end are padding."""
    r = (chunk // chunks % heads) * chunks * 64 + chunk % chunks * 64 + tl.arange(0, 64)
    return (chunk // chunks // heads) * rows_in_batch + r, r < rows_in_batch


@triton.jit(do_not_specialize=["rows_in_batch", "heads", "chunks"])
def solve(k_ptr, v_ptr, beta_ptr, w_ptr, u_ptr, rows_in_batch, heads, chunks):
    """W = A alpha K and U = A alpha V for each sixteen rows of a chunk by themselves, A the inverse of their L."""
    chunk = tl.program_id(0).to(tl.int64)
    rows, real = rows_of(chunk, rows_in_batch, heads, chunks)
    i, col = tl.arange(0, 64), tl.arange(0, 64)
    at = rows[:, None] * 64 + col[None, :]
    k = narrow(tl.load(k_ptr + at, mask=real[:, None], other=0.0))
    v = narrow(tl.load(v_ptr + at, mask=real[:, None], other=0.0))
    beta = tl.load(beta_ptr + chunk // chunks % heads).to(tl.float32)

    kf = k.to(tl.float32)
    lam = tl.sum(kf * kf, 1)
    x = beta * lam  # 1 - exp(-x) has no digits left where x is small
    series = x * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0))))
    alpha = tl.where(x < 0.1, series, 1.0 - tl.exp(-x)) / (lam + 1e-8)

    # Transposed, so that the coefficients of a row come out along the axis on which they are needed.
    near = (i[:, None] // 16 == i[None, :] // 16) & (i[:, None] < i[None, :])
    lower = tl.where(near, tl.dot(k, tl.trans(k)) * alpha[None, :], 0.0)
    lower = tl.sum(tl.reshape(lower, (4, 16, 4, 16)), 2)  # [block, column of L, row of L]
    up = tl.arange(0, 16)[None, :, None]
    across = tl.arange(0, 16)[None, None, :]
    inverse = tl.where(up == across, 1.0, 0.0) + tl.zeros((4, 16, 16), tl.float32)
    for r in tl.static_range(1, 16):
        coefficients = tl.sum(tl.where(across == r, lower, 0.0), 2)
        known = tl.sum(coefficients[:, :, None] * inverse, 1)
        inverse = tl.where(up == r, inverse - known[:, None, :], inverse)

    own = tl.arange(0, 4)[:, None, None, None] == tl.arange(0, 4)[None, None, :, None]
    a = tl.reshape(tl.where(own, inverse[:, :, None, :], 0.0), (64, 64)) * alpha[None, :]
    high = narrow(a)  # two bf16 halves: nearly parallel keys cancel in A K
    low = narrow(a - high.to(tl.float32))
    out = chunk * 4096 + i[:, None] * 64 + col[None, :]
    tl.store(w_ptr + out, narrow(tl.dot(high, k, acc=tl.dot(low, k))).to(tl.bfloat16))
    tl.store(u_ptr + out, narrow(tl.dot(high, v, acc=tl.dot(low, v))).to(tl.bfloat16))


@triton.jit(do_not_specialize=["rows_in_batch", "heads", "chunks"])
def chunk_maps(k_ptr, w_ptr, u_ptr, d_ptr, c_ptr, rows_in_batch, heads, chunks):
    """D and C of a chunk, from the maps of its four times sixteen rows one after another."""
    chunk = tl.program_id(0).to(tl.int64)
    i, j = tl.arange(0, 64), tl.arange(0, 16)
    first = (chunk // chunks % heads) * chunks * 64 + chunk % chunks * 64
    base = (chunk // chunks // heads) * rows_in_batch + first
    # Transposed: what one product leaves in registers is the left operand of the next.
    d = tl.zeros((64, 64), tl.float32)  # D^T [j, i]
    c = tl.zeros((64, 64), tl.float32)  # C^T [value, key]
    for part in tl.static_range(4):
        row = part * 16 + j
        inside = row[:, None] * 64 + i[None, :]
        k = narrow(tl.load(k_ptr + base * 64 + inside, mask=(first + row < rows_in_batch)[:, None], other=0.0))
        w = tl.trans(narrow(tl.load(w_ptr + chunk * 4096 + inside)))
        u = tl.trans(tl.load(u_ptr + chunk * 4096 + inside))
        erased = narrow(tl.dot(narrow(d), w))
        written = narrow(u.to(tl.float32) - tl.dot(narrow(c), w))
        d -= tl.dot(w, k)
        d -= tl.dot(erased, k)
        c += tl.dot(written, k)
    out = chunk * 4096 + i[:, None] * 64 + i[None, :]
    tl.store(d_ptr + out, narrow(d).to(tl.bfloat16))
    tl.store(c_ptr + out, narrow(c).to(tl.bfloat16))


@triton.jit(do_not_specialize=["chunks", "per_group", "groups"])
def compose(d_ptr, c_ptr, group_d_ptr, group_c_ptr, chunks, per_group, groups):
    """(D, C) of a group: first the earlier chunks, then the later."""
    group = tl.program_id(0).to(tl.int64)
    i = tl.arange(0, 64)
    tile = i[:, None] * 64 + i[None, :]
    start = group // groups * chunks + group % groups * per_group
    count = tl.minimum(per_group, chunks - group % groups * per_group)
    d = tl.zeros((64, 64), tl.float32)
    c = tl.zeros((64, 64), tl.float32)
    for n in range(count):
        step_d = narrow(tl.load(d_ptr + (start + n) * 4096 + tile))
        step_c = tl.load(c_ptr + (start + n) * 4096 + tile)
        d = tl.dot(narrow(d), step_d, acc=d + step_d.to(tl.float32))
        c = tl.dot(narrow(c), step_d, acc=c + step_c.to(tl.float32))
    tl.store(group_d_ptr + group * 4096 + tile, d)
    tl.store(group_c_ptr + group * 4096 + tile, c)


@triton.jit(do_not_specialize=["groups"])
def carry(group_d_ptr, group_c_ptr, before_ptr, initial_ptr, final_ptr, groups, HAS_INITIAL: tl.constexpr):
    """State in front of each group (over its C) and behind the last, for sixteen values of a pseudo-head."""
    head = tl.program_id(0).to(tl.int64)
    value = tl.program_id(1) * 16 + tl.arange(0, 16)
    i = tl.arange(0, 64)
    square = i[:, None] * 64 + i[None, :]
    strip = value[:, None] * 64 + i[None, :]
    turned = head * 4096 + i[None, :] * 64 + value[:, None]  # [key, value] in memory
    state = tl.zeros((16, 64), tl.float32)
    if HAS_INITIAL:
        state += tl.load(initial_ptr + turned).to(tl.float32)
    for g in range(groups):
        at = (head * groups + g) * 4096
        d = tl.load(group_d_ptr + at + square)
        c = tl.load(group_c_ptr + at + strip)
        tl.store(before_ptr + at + strip, state)
        state += c + tl.dot(state, d, input_precision="tf32x3")
    tl.store(final_ptr + turned, state)


@triton.jit(do_not_specialize=["rows_in_batch", "length", "heads", "chunks", "per_group", "groups"])
def walk(q_ptr, d_ptr, c_ptr, before_ptr, o_ptr, rows_in_batch, length, heads, chunks, per_group, groups):
    """Every chunk of a group is written, written again in passing, and asked by its queries."""
    group = tl.program_id(0).to(tl.int64)
    i = tl.arange(0, 64)
    tile = i[:, None] * 64 + i[None, :]
    head = group // groups
    batch = head // heads
    start = group % groups * per_group
    count = tl.minimum(per_group, chunks - start)
    state = tl.load(before_ptr + group * 4096 + tile)
    for n in range(count):
        chunk = start + n
        d = narrow(tl.load(d_ptr + (head * chunks + chunk) * 4096 + tile))
        c = tl.load(c_ptr + (head * chunks + chunk) * 4096 + tile).to(tl.float32)
        row = (head % heads) * chunks * 64 + chunk * 64 + i
        at = (batch * rows_in_batch + row)[:, None] * 64 + i[None, :]
        q = narrow(tl.load(q_ptr + at, mask=(row < rows_in_batch)[:, None], other=0.0))
        state = tl.dot(narrow(state), d, acc=state + c)
        twice = tl.dot(narrow(state), d, acc=state + c)
        o = tl.dot(q, tl.trans(narrow(twice)))
        time = chunk * 64 + i
        out = ((batch * length + time) * heads + head % heads)[:, None] * 64 + i[None, :]
        tl.store(o_ptr + out, narrow(o).to(o_ptr.dtype.element_ty), mask=(time < length)[:, None])


def chunk_quasar(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    beta: torch.Tensor,
    initial_state: torch.Tensor | None = None,
    output_final_state: bool = False,
    cu_seqlens: torch.Tensor | None = None,
    **kwargs,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """q, k, v [B, T, H, 64], beta [H], initial_state [B, H, 64, 64] -> o [B, T, H, 64], state in fp32 or None."""
    if cu_seqlens is not None or q.shape[-1] != 64:
        raise NotImplementedError("one sequence per call, heads of 64")
    q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
    B, T, H, S = q.shape
    chunks = triton.cdiv(T, 64)
    per_group = min(GROUP, math.ceil(math.sqrt(chunks)))
    groups = triton.cdiv(chunks, per_group)

    def empty(n, dtype):
        return torch.empty((n, S, S), device=q.device, dtype=dtype)

    w, u, d, c = (empty(B * H * chunks, torch.bfloat16) for _ in range(4))
    group_d, group_c, before = (empty(B * H * groups, torch.float32) for _ in range(3))
    final = q.new_empty((B, H, S, S), dtype=torch.float32)
    initial = final if initial_state is None else initial_state.contiguous()
    o = torch.empty_like(q)
    solve[(B * H * chunks,)](k, v, beta, w, u, T * H, H, chunks, **SOLVE)
    chunk_maps[(B * H * chunks,)](k, w, u, d, c, T * H, H, chunks, **MAPS)
    compose[(B * H * groups,)](d, c, group_d, group_c, chunks, per_group, groups, **COMPOSE)
    carry[(B * H, 4)](group_d, group_c, before, initial, final, groups, initial_state is not None, **CARRY)
    walk[(B * H * groups,)](q, d, c, before, o, T * H, T, H, chunks, per_group, groups, **WALK)
    return o, final if output_final_state else None
