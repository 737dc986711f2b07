"""The op called by itself, for its author: no judge, no clock, inputs of its own. Reads its set-up from stdin.

Started as the worker's main.py is; run as a program it calls the op once, which is what a sanitizer watches.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import gc
import importlib
import json

# As in the worker.
gc.disable()
import torch

gc.freeze()
gc.enable()

HEADS, HEAD_DIM = 8, 64


def configured():
    config = json.load(sys.stdin)
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    return config


def import_entry(config):
    sys.path.insert(0, config["tree"])
    module, name = config["entry"].split(":")
    if config["interpreter"]:
        from worker import interpreter

        return getattr(interpreter.import_entry(module), name)
    return getattr(importlib.import_module(module), name)


def inputs(length, device):
    """q, k, v and beta as the layer gives them: |k|^2 = 2."""
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, length, HEADS, HEAD_DIM, device=device) for _ in range(3))
    k = k / k.norm(dim=-1, keepdim=True) * 2**0.5
    beta = torch.linspace(0.7, 2.8, HEADS, device=device)
    return [x.to(torch.bfloat16) for x in (q / 8, k, v, beta)]


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def main():
    config = configured()
    entry = import_entry(config)
    entry(*inputs(config["length"], config["device"]))
    synchronize(config["device"])


if __name__ == "__main__":
    main()
