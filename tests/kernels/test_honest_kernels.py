"""The honest Triton kernels of the corpus compute the published function: under the interpreter, at tiny lengths."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from conftest import REPOSITORY, need
from quasar import reference

HONEST = REPOSITORY / "tests/corpus/honest"
MINIATURE = REPOSITORY / "tests/fixtures/upstream"
FAST = ("batched_inverse", "two_pass_scan", "fused_scan")
PARALLEL, EQUAL = "parallel", "equal"
# Relative RMS that bf16 operands with an fp32 state stay below, keys of one direction included.
LIMIT = 0.012
# Every kernel is called `fla.ops.quasar.chunk`: each has a process of its own, forked from one that has loaded PyTorch.
RUN = """
import os, sys, torch
from worker import interpreter
calls = torch.load("calls.pt")
for place in sys.argv[1:]:
    child = os.fork()
    if not child:
        sys.path.insert(0, place)
        op = interpreter.import_entry("fla.ops.quasar.chunk").chunk_quasar
        torch.save([op(**call, output_final_state=True) for call in calls], f"{place}/answers.pt")
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit(f"{place} failed")
"""


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def draw(seed, lam, length, batch=1, heads=2, initial=False):
    """Arguments of one call: keys of square norm `lam`, in any direction, in nearly one, or all the same."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    shape = (batch, length, heads, 64)
    k = unit(normal(*shape))
    if lam in (PARALLEL, EQUAL):
        k = unit(unit(normal(64)) * 8 + (0.1 if lam == PARALLEL else 0.0) * normal(*shape)) * 2
    else:
        k = k * lam**0.5
    call = {"q": normal(*shape) / 8, "k": k, "v": normal(*shape), "beta": torch.linspace(0.7, 2.8, heads)}
    if initial:
        call["initial_state"] = normal(batch, heads, 64, 64)
    return {name: x.bfloat16() for name, x in call.items()}


CALLS = {
    "keys of the layer's size": draw(1, 2.0, 192, heads=1),
    "long memory": draw(2, 0.02, 192, heads=1, initial=True),
    "faint keys": draw(3, 1e-6, 128, heads=1, initial=True),
    "zero keys": draw(4, 0.0, 64, heads=1, initial=True),
    "nearly parallel keys": draw(5, PARALLEL, 128, heads=1),
    "equal keys": draw(6, EQUAL, 128, heads=1),
    "one row": draw(7, 2.0, 1, heads=4, initial=True),
    "padding across pseudo-heads": draw(10, 0.2, 67, heads=4),
    "padding, batches and many heads": draw(11, 0.2, 5, batch=2, heads=8),
    "padding, batches and one head": draw(12, 0.2, 129, batch=2, heads=1),
    "padding and three heads": draw(13, 0.02, 67, batch=2, heads=3, initial=True),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """-> {kernel: its answers by call}."""
    need(importlib.util.find_spec("triton") is not None, "triton")
    place = tmp_path_factory.mktemp("kernels")
    for kernel in FAST:
        shutil.copytree(MINIATURE / "fla", place / kernel / "fla")
        shutil.copytree(HONEST / kernel / "fla", place / kernel / "fla", dirs_exist_ok=True)
    torch.save(list(CALLS.values()), place / "calls.pt")
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY / "kernels"), "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-B", "-c", RUN, *FAST]
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = {kernel: torch.load(place / kernel / "answers.pt") for kernel in FAST}
    return {kernel: dict(zip(CALLS, each, strict=True)) for kernel, each in found.items()}


@pytest.mark.parametrize("kernel", FAST)
@pytest.mark.parametrize("name", CALLS)
def test_it_is_the_published_function(answers, kernel, name):
    o, state = answers[kernel][name]
    expected, expected_state = reference.op(**CALLS[name])
    assert o.shape == expected.shape and o.dtype == torch.bfloat16
    assert relative_rms(o, expected) < LIMIT
    assert relative_rms(state, expected_state) < LIMIT


def test_every_case_says_what_must_come_out():
    for folder in HONEST.iterdir():
        expect = json.loads((folder / "expect.json").read_text())
        assert (expect["verdict"], expect["reasons"]) == ("accepted", ["accepted"]), folder.name


def relative_rms(x, expected):
    if not expected.any():
        return x.double().abs().max().item()
    return ((x.double() - expected).square().mean() / expected.square().mean()).sqrt().item()
