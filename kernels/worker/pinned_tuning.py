"""One configuration for the pinned layer's own kernels, instead of a tuning of 25 at every new length.

To be called before any file of a submission is imported. A submission's own kernels keep their tuning.
"""

import importlib

MODULES = ("fla.modules.convolution", "fla.modules.fused_norm_gate")
# Configuration and warps by kernel: the fastest of all at 1M tokens on an H200.
CHOSEN = {
    "causal_conv1d_fwd_kernel": ({"BD": 64}, 8),
    "layer_norm_gated_fwd_kernel": ({"BT": 64}, 4),
}


def keep_one_configuration():
    """-> names of the kernels that were fixed. Imports the pinned modules; without Triton in them nothing happens."""
    fixed = []
    for module in map(importlib.import_module, MODULES):
        for name, kernel in vars(module).items():
            tuner = _tuner(kernel)
            if tuner is not None:
                tuner.configs = [_choice(name, tuner.configs)]
                fixed.append(name)
    return fixed


def _tuner(kernel):
    """The autotuner among a Triton kernel's wrappers; each holds the next one as `fn`."""
    while kernel is not None and type(kernel).__module__.startswith("triton."):
        if isinstance(getattr(kernel, "configs", None), list):
            return kernel
        kernel = getattr(kernel, "fn", None)
    return None


def _choice(name, configs):
    """The chosen configuration; the first where the pinned upstream has no such kernel, or does not offer it."""
    wanted = CHOSEN.get(name)
    return next((c for c in configs if (c.kwargs, c.num_warps) == wanted), configs[0])
