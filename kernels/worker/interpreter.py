"""Shims that let a tree of Triton kernels run on a CPU, under Triton's interpreter. For a bench on `cpu` only.

A GPU run installs none of this, and no such run ranks. Each shim stands for something that the interpreter lacks.
"""

import contextlib
import functools
import importlib
import sys

SUBSTITUTION = "fla.ops.quasar.forward_substitution"
SUBSTITUTION_ARGUMENTS = ["L_ptr", "L_stride_bh", "A_ptr", "A_stride_bh", "BT"]
CHUNK = 64
# An eighth of a chunk's time. Rows further down are computed as these are.
SAMPLE = 32


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
    """A triangular solve does the published inverse's work where a small chunk shows that the kernel computes the same.

    Interpreted, that kernel takes 6 s a chunk, of which a bench at 512 tokens has 8,000, and is NaN in bf16, which the
    interpreter multiplies as if integers. Another kernel of its name runs as it is.
    """
    kernel = getattr(sys.modules.get(SUBSTITUTION), "forward_substitution_kernel", None)
    if getattr(kernel, "arg_names", None) != SUBSTITUTION_ARGUMENTS:
        return
    if not _inverts(kernel):
        text = "forward_substitution_kernel does not invert a small matrix: it is interpreted as it is, slowly"
        print(text, file=sys.stderr, flush=True)
        return
    for name, module in list(sys.modules.items()):
        if name.startswith("fla.ops.quasar.") and getattr(module, "forward_substitution_kernel", None) is kernel:
            module.forward_substitution_kernel = Solve()


def substituted(kernel, size):
    """Interprets the kernel on one drawn chunk of `size` rows, in fp32 -> (the chunk, what the kernel made of it)."""
    import torch

    generator = torch.Generator().manual_seed(0)
    # As much memory as a whole chunk has: a kernel that writes one does no harm.
    chunk, inverse = torch.zeros(2, CHUNK * CHUNK).unbind()
    L, A = (x[: size * size].view(size, size) for x in (chunk, inverse))
    L.copy_(torch.randn(size, size, generator=generator).mul(0.2).tril(-1) + torch.eye(size))
    strides = {"L_stride_bh": size * size, "A_stride_bh": size * size}
    kernel[(1,)](L_ptr=chunk, A_ptr=inverse, BT=size, **strides)
    return L, A


def _inverts(kernel):
    import torch

    try:
        L, A = substituted(kernel, SAMPLE)
    except Exception:
        return False  # it may want a whole chunk; what is wrong with it fails the call too
    solved = torch.linalg.solve_triangular(L, torch.eye(len(L)), upper=False, unitriangular=True)
    return torch.allclose(A, solved, rtol=0, atol=1e-5)


class Solve:
    """Launched as the published kernel is: a program inverts one chunk."""

    def __getitem__(self, grid):
        return functools.partial(self.solve, grid)

    def solve(self, grid, L_ptr, L_stride_bh, A_ptr, A_stride_bh, BT, **options):
        import torch

        chunks = (grid({"BT": BT}) if callable(grid) else grid)[0]
        L = L_ptr.as_strided((chunks, BT, BT), (L_stride_bh, BT, 1))
        A = A_ptr.as_strided((chunks, BT, BT), (A_stride_bh, BT, 1))
        eye = torch.eye(BT).expand(L.shape)
        A.copy_(torch.linalg.solve_triangular(L.float(), eye, upper=False, unitriangular=True))
