"""Shims that let a tree of Triton kernels run on a CPU, under Triton's interpreter. For `device: cpu` only.

A GPU run installs none of this. Each shim stands for something that the interpreter lacks.
"""

import contextlib
import importlib.util
import sys


def install():
    """Must run before the first import of triton: TRITON_INTERPRET=1 is in the environment already."""
    import triton

    # Tuning measures on a driver, and there is none: every autotuned kernel keeps its first configuration.
    tuner = triton.runtime.autotuner.Autotuner
    original = tuner.__init__

    def one_configuration(self, fn, arg_names, configs, *rest, **options):
        original(self, fn, arg_names, list(configs)[:1], *rest, **options)

    tuner.__init__ = one_configuration

    if importlib.util.find_spec("fla.utils") is None:
        return
    fla_utils = importlib.import_module("fla.utils")
    if hasattr(fla_utils, "custom_device_ctx"):
        fla_utils.custom_device_ctx = lambda index: contextlib.nullcontext()
    if hasattr(fla_utils, "get_multiprocessor_count"):
        # It asks the driver, and sets the convolution's tile.
        fla_utils.get_multiprocessor_count = lambda *args, **options: 8
    _solve_instead_of_substituting()


def _solve_instead_of_substituting():
    """The published inverse takes 5 s a chunk under the interpreter, and NaN in bf16: a triangular solve stands in."""
    import torch

    name = "fla.ops.quasar.forward_substitution"
    kernel = getattr(importlib.import_module(name), "forward_substitution_kernel", None)
    if kernel is None or not hasattr(kernel, "fn"):
        return

    class Solve:
        def __getitem__(self, grid):
            return self

        def __call__(self, L_ptr, L_stride_bh, A_ptr, A_stride_bh, BT):
            eye = torch.eye(BT, dtype=torch.float32).expand(L_ptr.shape)
            A_ptr.copy_(torch.linalg.solve_triangular(L_ptr.float(), eye, upper=False, unitriangular=True))

    sys.modules[name].forward_substitution_kernel = Solve()
