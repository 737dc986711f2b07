from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest
from conftest import need
from worker import pinned_tuning


@pytest.fixture
def modules(monkeypatch):
    """The two pinned modules, empty; and `fla` around them."""
    for name in ("fla", "fla.modules", *pinned_tuning.MODULES):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    return [sys.modules[name] for name in pinned_tuning.MODULES]


def tuned_kernel(configs):
    import triton

    @triton.heuristics({"EVEN": lambda args: True})
    @triton.autotune(configs=configs, key=["T"])
    @triton.jit
    def kernel(x, T, BD, EVEN):
        pass

    return kernel


def test_pinned_kernels_keep_the_chosen_configuration_and_nobody_elses(modules):
    need(importlib.util.find_spec("triton") is not None, "triton")
    import triton

    def configs():
        return [triton.Config({"BD": bd}, num_warps=warps) for bd in (16, 32, 64, 128) for warps in (4, 8)]

    conv, norm = modules
    conv.causal_conv1d_fwd_kernel = tuned_kernel(configs())
    conv.causal_conv1d_bwd_kernel = tuned_kernel(configs())
    norm.layer_norm_gated_fwd_kernel = tuned_kernel(configs())
    conv.triton, conv.configs, conv.nothing = triton, configs(), None
    of_a_miner = tuned_kernel(configs())

    fixed = pinned_tuning.keep_one_configuration()
    assert fixed == [
        "causal_conv1d_fwd_kernel",
        "causal_conv1d_bwd_kernel",
        "layer_norm_gated_fwd_kernel",
    ]
    [kept] = conv.causal_conv1d_fwd_kernel.fn.configs
    assert (kept.kwargs, kept.num_warps) == pinned_tuning.CHOSEN["causal_conv1d_fwd_kernel"]
    # What is not offered falls back to the first.
    [kept] = norm.layer_norm_gated_fwd_kernel.fn.configs
    assert (kept.kwargs, kept.num_warps) == ({"BD": 16}, 4)
    assert len(of_a_miner.fn.configs) == 8
    assert len(conv.configs) == 8


def test_modules_without_triton_stay_as_they_are(modules):
    modules[0].ShortConvolution = object
    assert pinned_tuning.keep_one_configuration() == []
