"""Chunk-wise QuasarAttention as a parallel scan over affine maps, in three Triton kernels.

A chunk is the map X -> X + D X + C of its state. `fold` finds D and C of every chunk and of each group of chunks,
`carry` takes the state from group to group, and `walk` answers the queries of all groups at once. D = -K^T W is kept
apart from the identity, which bf16 would round it into.
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
FOLD = {"num_warps": 4, "num_stages": 2}
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
def quarters(x):
    """[64, 64] -> its four times sixteen rows."""
    top, bottom = tl.split(tl.permute(tl.reshape(x, (2, 32, 64)), (1, 2, 0)))
    x0, x1 = tl.split(tl.permute(tl.reshape(top, (2, 16, 64)), (1, 2, 0)))
    x2, x3 = tl.split(tl.permute(tl.reshape(bottom, (2, 16, 64)), (1, 2, 0)))
    return x0, x1, x2, x3


@triton.jit
def write(d, c, k, w, u):
    """Sixteen rows more on a map: d = D^T [j, i] and c = C^T [value, key]; k [16, 64], w and u = W^T, U^T [64, 16].

    Transposed, because what one product leaves in registers is the left operand of the next.
    """
    erased = narrow(tl.dot(narrow(d), w))
    written = narrow(u.to(tl.float32) - tl.dot(narrow(c), w))
    d -= tl.dot(w, k)
    d -= tl.dot(erased, k)
    c += tl.dot(written, k)
    return d, c


@triton.jit
def inverses(k, alpha):
    """The inverses of L for each sixteen rows of a chunk by themselves, as the diagonal blocks of [64, 64]."""
    i = tl.arange(0, 64)
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
    return tl.reshape(tl.where(own, inverse[:, :, None, :], 0.0), (64, 64))


@triton.jit(do_not_specialize=["rows_in_batch", "heads", "chunks", "per_group", "groups"])
def fold(
    k_ptr,
    v_ptr,
    beta_ptr,
    d_ptr,
    c_ptr,
    group_d_ptr,
    group_c_ptr,
    rows_in_batch,
    heads,
    chunks,
    per_group,
    groups,
):
    """D and C of every chunk of a group, and of the group: first the earlier chunks, then the later."""
    group = tl.program_id(0).to(tl.int64)
    head = group // groups
    i = tl.arange(0, 64)
    tile = i[:, None] * 64 + i[None, :]
    start = group % groups * per_group
    count = tl.minimum(per_group, chunks - start)
    beta = tl.load(beta_ptr + head % heads).to(tl.float32)
    all_d = tl.zeros((64, 64), tl.float32)
    all_c = tl.zeros((64, 64), tl.float32)
    for n in range(count):
        # Flat reading: rows past the end of the batch are padding, masked here rather than copied into place.
        row = (head % heads) * chunks * 64 + (start + n) * 64 + i
        at = (head // heads * rows_in_batch + row)[:, None] * 64 + i[None, :]
        real = (row < rows_in_batch)[:, None]
        k = narrow(tl.load(k_ptr + at, mask=real, other=0.0))
        v = narrow(tl.load(v_ptr + at, mask=real, other=0.0))
        kf = k.to(tl.float32)
        lam = tl.sum(kf * kf, 1)
        x = beta * lam  # 1 - exp(-x) has no digits left where x is small
        series = x * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0))))
        alpha = tl.where(x < 0.1, series, 1.0 - tl.exp(-x)) / (lam + 1e-8)
        a = inverses(k, alpha) * alpha[None, :]
        high = narrow(a)  # two bf16 halves: nearly parallel keys cancel in A K
        low = narrow(a - high.to(tl.float32))
        k0, k1, k2, k3 = quarters(k)
        w0, w1, w2, w3 = quarters(narrow(tl.dot(high, k, acc=tl.dot(low, k))))
        u0, u1, u2, u3 = quarters(narrow(tl.dot(high, v, acc=tl.dot(low, v))))
        d = tl.zeros((64, 64), tl.float32)
        c = tl.zeros((64, 64), tl.float32)
        d, c = write(d, c, k0, tl.trans(w0), tl.trans(u0))
        d, c = write(d, c, k1, tl.trans(w1), tl.trans(u1))
        d, c = write(d, c, k2, tl.trans(w2), tl.trans(u2))
        d, c = write(d, c, k3, tl.trans(w3), tl.trans(u3))
        out = (head * chunks + start + n) * 4096 + tile
        d, c = narrow(d), narrow(c)
        tl.store(d_ptr + out, d.to(tl.bfloat16))
        tl.store(c_ptr + out, c.to(tl.bfloat16))
        all_d = tl.dot(narrow(all_d), d, acc=all_d + d.to(tl.float32))
        all_c = tl.dot(narrow(all_c), d, acc=all_c + c.to(tl.float32))
    tl.store(group_d_ptr + group * 4096 + tile, all_d)
    tl.store(group_c_ptr + group * 4096 + tile, all_c)


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

    d, c = (empty(B * H * chunks, torch.bfloat16) for _ in range(2))
    group_d, group_c, before = (empty(B * H * groups, torch.float32) for _ in range(3))
    final = q.new_empty((B, H, S, S), dtype=torch.float32)
    initial = final if initial_state is None else initial_state.contiguous()
    o = torch.empty_like(q)
    fold[(B * H * groups,)](k, v, beta, d, c, group_d, group_c, T * H, H, chunks, per_group, groups, **FOLD)
    carry[(B * H, 4)](group_d, group_c, before, initial, final, groups, initial_state is not None, **CARRY)
    walk[(B * H * groups,)](q, d, c, before, o, T * H, T, H, chunks, per_group, groups, **WALK)
    return o, final if output_final_state else None
