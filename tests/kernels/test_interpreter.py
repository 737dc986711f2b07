from __future__ import annotations

import importlib.util

import pytest
from conftest import need
from judged import judge, reason_of

pytestmark = pytest.mark.usefixtures("sandbox_tools")

KERNEL = """
import triton
import triton.language as tl

@triton.autotune(configs=[triton.Config({"BLOCK": b}, num_warps=4) for b in (256, 512)], key=["n"])
@triton.jit
def scale(x_ptr, o_ptr, factor, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(o_ptr + at, tl.load(x_ptr + at, mask=at < n).to(tl.float32) * factor, mask=at < n)

honest = chunk_quasar

def chunk_quasar(q, k, v, beta, *a, **kw):
    o, state = honest(q, k, v, beta, *a, **kw)
    scaled = torch.empty_like(o)
    n = o.numel()
    scale[lambda meta: (triton.cdiv(n, meta["BLOCK"]),)](o, scaled, 1.5, n)
    return scaled, state
"""


def test_a_triton_kernel_runs_under_the_interpreter(tmp_path):
    need(importlib.util.find_spec("triton") is not None, "triton")
    result = judge(tmp_path, after=KERNEL)
    assert reason_of(result) == "op_error", result["untrusted"]["log"]
    # The kernel did what it says, no more and no less.
    worst = max(g["value"] for g in result["gates"] if g["name"] == "op_rel_rms")
    assert worst == pytest.approx(0.5, abs=0.01)
