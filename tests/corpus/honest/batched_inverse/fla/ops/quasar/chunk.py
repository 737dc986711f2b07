"""Chunk-wise QuasarAttention: one Triton kernel for all chunks at once, and a scan over their maps in PyTorch.

A chunk is the map X -> X + D X + C of its state, with D = -K^T W and C = K^T U. D is kept apart from the identity,
which bf16 would round it into.
"""

import math

import torch
import torch.nn.functional as F
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
MAPS = {"num_warps": 4, "num_stages": 1}


@triton.jit
def narrow(x):
    """Rounded to bf16. By hand on a CPU: Triton's interpreter cuts bits off, and multiplies bf16 as if integers."""
    if ON_CPU:
        x = x.to(tl.float32)
        return x * 65537.0 - (x * 65537.0 - x)
    else:
        return x.to(tl.bfloat16)


@triton.jit
def fine(a, b):
    """a b with a, in fp32, as the sum of two bf16 halves: one would not do where nearly parallel keys cancel."""
    high = narrow(a)
    return tl.dot(high, b, acc=tl.dot(narrow(a - high.to(tl.float32)), b))


@triton.jit(do_not_specialize=["heads", "chunks"])
def chunk_maps(k_ptr, v_ptr, beta_ptr, d_ptr, c_ptr, heads, chunks):
    """D and C of one chunk; k and v [B, H, chunks, 64, 64]."""
    chunk = tl.program_id(0).to(tl.int64)
    i = tl.arange(0, 64)
    at = chunk * 4096 + i[:, None] * 64 + i[None, :]
    k, v = narrow(tl.load(k_ptr + at)), narrow(tl.load(v_ptr + at))
    beta = tl.load(beta_ptr + chunk // chunks % heads).to(tl.float32)
    kf = k.to(tl.float32)
    lam = tl.sum(kf * kf, 1)
    x = beta * lam  # 1 - exp(-x) has no digits left where x is small
    series = x * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0))))
    alpha = tl.where(x < 0.1, series, 1.0 - tl.exp(-x)) / (lam + 1e-8)

    # Transposed, so that the coefficients of a row come out along the axis on which they are needed.
    lower = tl.where(i[:, None] < i[None, :], tl.dot(k, tl.trans(k)) * alpha[None, :], 0.0)
    a = tl.where(i[:, None] == i[None, :], 1.0, 0.0)
    for r in range(1, 64):
        coefficients = tl.sum(tl.where(i[None, :] == r, lower, 0.0), 1)
        known = tl.sum(coefficients[:, None] * a, 0)
        a = tl.where(i[:, None] == r, a - known[None, :], a)

    a = a * alpha[None, :]
    w = fine(a, k)
    u = fine(a, v)
    d = tl.trans(fine(tl.trans(w), k))
    c = tl.trans(fine(tl.trans(u), k))
    tl.store(d_ptr + at, narrow(-d).to(tl.bfloat16))
    tl.store(c_ptr + at, narrow(c).to(tl.bfloat16))


def scan(d, c, state):
    """D and C [B, H, N, 64, 64] in bf16, state [B, H, 64, 64] -> what each chunk's queries see (bf16), last state."""
    chunks = d.shape[2]
    per_group = math.ceil(math.sqrt(chunks))
    spare = -chunks % per_group
    d, c = (F.pad(x, (0, 0, 0, 0, 0, spare)).unflatten(2, (-1, per_group)) for x in (d, c))

    def steps():
        return ((p, d[:, :, :, p].float(), c[:, :, :, p].float()) for p in range(per_group))

    group_d, group_c = (torch.zeros_like(x[:, :, :, 0], dtype=torch.float32) for x in (d, c))
    for _, step_d, step_c in steps():
        group_d = group_d + step_d + step_d @ group_d
        group_c = group_c + step_d @ group_c + step_c
    before = torch.empty_like(group_d)
    for g in range(before.shape[2]):
        before[:, :, g] = state
        state = state + group_d[:, :, g] @ state + group_c[:, :, g]
    twice = torch.empty_like(d)
    for p, step_d, step_c in steps():
        before = before + step_d @ before + step_c
        twice[:, :, :, p] = before + step_d @ before + step_c
    return twice.flatten(2, 3)[:, :, :chunks], state


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
    B, T, H, S = q.shape
    q, k, v = (F.pad(x, (0, 0, 0, 0, 0, -T % 64)).contiguous().view(B, H, -1, 64, S) for x in (q, k, v))
    d, c = (torch.empty_like(k, dtype=torch.bfloat16) for _ in range(2))
    chunk_maps[(d.shape[0] * H * d.shape[2],)](k, v, beta, d, c, H, d.shape[2], **MAPS)
    zeros = torch.zeros(B, H, S, S, device=q.device)
    twice, state = scan(d, c, zeros if initial_state is None else initial_state.float())
    o = (q @ twice.to(q.dtype)).flatten(2, 3).transpose(1, 2)[:, :T].contiguous()
    return o, state if output_final_state else None
