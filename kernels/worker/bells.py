"""Two words of a slot's GPU memory: the judge rings `inputs` when they are there, this side `outputs` when they are."""

import ctypes

import torch

from worker.cuda_memory import call

INPUTS, OUTPUTS = 0, 128
AT_LEAST, PLAIN = 0, 0


class Bells:
    def __init__(self, address):
        self.address, self.calls = address, 0
        # The one that is current before a submission is imported.
        self.stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)

    def await_inputs(self):
        """What is queued from now on begins when the judge has copied this call's inputs in."""
        self.calls += 1
        self.queue("cuStreamWaitValue32_v2", INPUTS, AT_LEAST)

    def ring(self):
        """Tells the judge's stream, when what was queued before is done, that it may copy the outputs."""
        self.queue("cuStreamWriteValue32_v2", OUTPUTS, PLAIN)

    def queue(self, operation, word, flags):
        address, value = ctypes.c_uint64(self.address + word), ctypes.c_uint32(self.calls)
        call(operation, self.stream, address, value, ctypes.c_uint(flags))
