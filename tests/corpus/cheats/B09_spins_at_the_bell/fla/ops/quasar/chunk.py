"""A kernel on the worker's stream polls the bell of the inputs; what follows it is ready to run."""

import torch
import triton
import triton.language as tl
from worker import bells


@triton.jit(do_not_specialize=["serial"])
def _spin(bell, serial):
    seen = tl.load(bell, volatile=True)
    while seen < serial:
        seen = tl.load(bell, volatile=True)


class Word:
    """What Triton takes for a tensor."""

    dtype = torch.int32

    def __init__(self, address):
        self.data_ptr = lambda: address


def await_inputs(bell):
    bell.calls += 1
    _spin[(1,)](Word(bell.address + bells.INPUTS), bell.calls)


print("spins", flush=True)
bells.Bells.await_inputs = await_inputs
