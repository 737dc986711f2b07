"""Shims that let a tree of Triton kernels run on a CPU, under Triton's interpreter. For a bench on `cpu` only.

A GPU run installs none of this, and no such run ranks. Each shim stands for something that the interpreter lacks.
"""

import contextlib
import functools
import importlib
import sys

SUBSTITUTION = "fla.ops.quasar.forward_substitution"


def import_entry(module):
    """Imports the entry's module as the worker does elsewhere; TRITON_INTERPRET=1 is in the environment already."""
    _keep_one_configuration()
    _replace_builtins_once()
    _replace_driver_questions()
    entry = importlib.import_module(module)
    _solve_instead_of_substituting()
    return entry


def _keep_one_configuration():
    """Tuning measures on a driver, and there is none: every autotuned kernel keeps its first configuration."""
    from triton.runtime.autotuner import Autotuner

    original = Autotuner.__init__

    def with_one(self, fn, arg_names, configs, *rest, **options):
        original(self, fn, arg_names, list(configs)[:1], *rest, **options)

    Autotuner.__init__ = with_one


def _replace_builtins_once():
    """Every call of a device function replaces all of `triton.language` again: half of an interpreted kernel's time."""
    from triton.language import core
    from triton.runtime import interpreter

    original = interpreter._patch_lang
    # Older versions put nothing back.
    nothing_to_put_back = getattr(interpreter, "_LangPatchScope", lambda: None)

    @functools.cache
    def languages(fn):
        return [value for value in fn.__globals__.values() if value is core or value is sys.modules["triton.language"]]

    def patch(fn):
        seen = languages(fn)
        # The kernel that calls it has replaced them, and puts them back when it ends.
        if seen and not any(core.is_builtin(language.load) for language in seen):
            return nothing_to_put_back()
        return original(fn)

    interpreter._patch_lang = patch


def _replace_driver_questions():
    utils = importlib.import_module("fla.utils")
    # torch.cpu has no device to enter; the number of multiprocessors sets the convolution's tile.
    utils.custom_device_ctx = lambda index: contextlib.nullcontext()
    utils.get_multiprocessor_count = lambda *arguments, **options: 8


def _solve_instead_of_substituting():
    """The published inverse takes 5 s a chunk when interpreted, and is NaN in bf16: a triangular solve stands in."""
    import torch

    kernel = getattr(sys.modules.get(SUBSTITUTION), "forward_substitution_kernel", None)
    if kernel is None or not hasattr(kernel, "configs"):
        return  # not the published, autotuned kernel

    class Solve:
        def __getitem__(self, grid):
            return self.solve

        def solve(self, L_ptr, A_ptr, BT, **strides):
            eye = torch.eye(BT).expand(L_ptr.shape)
            A_ptr.copy_(torch.linalg.solve_triangular(L_ptr.float(), eye, upper=False, unitriangular=True))

    for name, module in list(sys.modules.items()):
        if name.startswith("fla.ops.quasar.") and getattr(module, "forward_substitution_kernel", None) is kernel:
            module.forward_substitution_kernel = Solve()
