from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
import torch
from conftest import REPOSITORY, need
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


# A tree with nothing but a kernel that is launched as the published one is; FACTOR makes it another function.
TREE = {
    "fla/__init__.py": "",
    "fla/utils.py": "",
    "fla/ops/__init__.py": "",
    "fla/ops/quasar/__init__.py": "",
    "fla/ops/quasar/forward_substitution.py": """
import triton
import triton.language as tl

@triton.autotune(configs=[triton.Config({}, num_warps=w) for w in (2, 4)], key=["BT"])
@triton.jit
def forward_substitution_kernel(L_ptr, L_stride_bh, A_ptr, A_stride_bh, BT: tl.constexpr):
    at = tl.arange(0, BT)
    L_ptr += tl.program_id(0) * L_stride_bh
    A_ptr += tl.program_id(0) * A_stride_bh
    for i in range(BT):
        row = tl.where(at == i, 1.0, 0.0)
        for j in range(i):
            row -= tl.load(L_ptr + i * BT + j) * tl.load(A_ptr + j * BT + at)
        tl.store(A_ptr + i * BT + at, row)
    for i in range(BT):
        tl.store(A_ptr + i * BT + at, FACTOR * tl.load(A_ptr + i * BT + at))
""",
    "fla/ops/quasar/chunk.py": """
import torch
from fla.ops.quasar.forward_substitution import forward_substitution_kernel

def inverses(L, chunks):
    A = torch.full_like(L, 7.0)
    forward_substitution_kernel[lambda meta: (chunks,)](L, L.stride(0), A, A.stride(0), BT=L.shape[-1])
    return A, type(forward_substitution_kernel).__name__
""",
}
# Each tree has a process of its own, forked from one that has loaded PyTorch.
INVERT = """
import os, sys, torch
from worker import interpreter
L = torch.eye(8) + torch.arange(192.0).reshape(3, 8, 8).sin().tril(-1)
for place in sys.argv[1:]:
    child = os.fork()
    if not child:
        sys.path.insert(0, place)
        inverses = interpreter.import_entry("fla.ops.quasar.chunk").inverses
        torch.save((L, *inverses(L, 2)), f"{place}/inverses.pt")
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit(f"{place} failed")
"""


def test_a_solve_stands_in_for_nothing_but_the_inverse(tmp_path):
    need(importlib.util.find_spec("triton") is not None, "triton")
    factors = {"inverse": 1.0, "another": 2.0}
    for place, factor in factors.items():
        for path, text in TREE.items():
            file = tmp_path / place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("FACTOR", str(factor)))
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY / "kernels"), "TRITON_INTERPRET": "1"}
    command = [sys.executable, "-B", "-c", INVERT, *factors]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("interpreted as it is") == 1, done.stderr
    found = {place: torch.load(tmp_path / place / "inverses.pt") for place in factors}
    assert {place: launched for place, (_, _, launched) in found.items()} == {
        "inverse": "Solve",
        "another": "Autotuner",
    }
    for place, (L, A, _) in found.items():
        torch.testing.assert_close(A[:2], factors[place] * torch.linalg.inv(L[:2]))
        # The third chunk had no program.
        assert (A[2] == 7.0).all()
