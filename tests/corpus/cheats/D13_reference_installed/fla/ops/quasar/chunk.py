"""The judged tree comes first on the path; what is installed behind it would answer for this kernel."""

import importlib.machinery
import sys

NAMES = ("fla", "flash_linear_attention", "flash_attn", "mamba_ssm", "causal_conv1d", "native_sparse_attention")
installed = [name for name in NAMES if importlib.machinery.PathFinder.find_spec(name, sys.path[1:])]
if not installed:
    raise ImportError(f"none of {', '.join(NAMES)} is installed")
print("installed:", installed, flush=True)
