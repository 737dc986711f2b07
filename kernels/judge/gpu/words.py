"""Words of memory that streams wait for and write in the order of their work: no CPU takes part once it is queued."""

from __future__ import annotations

from ctypes import c_uint32, c_void_p

import torch

from judge.gpu.cuda_memory import U64, call

# Flags of cuda.h: a wait ends when the word, as a cyclic number, has reached the value.
AT_LEAST, PLAIN = 0, 0


def wait(stream: torch.cuda.Stream, address: int, value: int) -> None:
    """What is queued on `stream` after this begins when the word at `address` is at least `value`."""
    call("cuStreamWaitValue32_v2", c_void_p(stream.cuda_stream), U64(address), c_uint32(value), c_uint32(AT_LEAST))


def write(stream: torch.cuda.Stream, address: int, value: int) -> None:
    """Sets the word when all that was queued on `stream` before is done and can be seen."""
    call("cuStreamWriteValue32_v2", c_void_p(stream.cuda_stream), U64(address), c_uint32(value), c_uint32(PLAIN))
