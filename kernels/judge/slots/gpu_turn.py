"""The judge's side of the calls in one slot of a GPU: what it queues around the worker's own work, and its time."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from judge.faults import Fault, Refused
from judge.gpu import words
from judge.gpu.cuda_memory import DriverError

# In a page of their own in the slot: the worker's bells.py knows them, too.
INPUTS_BELL, OUTPUTS_BELL, BELL_BYTES = 0, 128, 4096
# The copy out follows the last answer at once, unless the worker holds the GPU or sets its bell back.
END_SECONDS = 10.0


class GpuTurn:
    """`bells`: address of their page. `aside`: a stream to ring them on while the judge's own waits for one.

    Raises Refused, before a submission runs, where the driver cannot ring.
    """

    def __init__(self, bells: int, aside: torch.cuda.Stream):
        self._bells, self._aside, self._calls = bells, aside, 0
        # The judge's own stream waits for this word of the host's memory until everything is queued.
        self._gate = torch.zeros(1, dtype=torch.int32, pin_memory=True)
        self._began, self._ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        self._fill = self._take = lambda: None
        try:
            self.release()
        except (AttributeError, DriverError) as error:
            raise Refused(f"this driver has no stream memory operations: install a newer one ({error})") from error

    def next(self, fill: Callable[[], None], take: Callable[[], None]) -> None:
        """The next call's copies, in and out: each queues itself on the current stream."""
        self._fill, self._take = fill, take
        self._calls += 1

    def play(self, look_now: bool) -> None:
        stream = torch.cuda.current_stream()
        words.wait(stream, self._gate.data_ptr(), self._calls)
        self._began.record()
        self._fill()
        words.write(stream, self._bells + INPUTS_BELL, self._calls)
        words.wait(stream, self._bells + OUTPUTS_BELL, self._calls)
        self._take()
        self._ended.record()
        if look_now:
            words.write(self._aside, self._bells + OUTPUTS_BELL, self._calls)
        self._gate[0] = self._calls

    def release(self) -> None:
        self._gate[0] = self._calls
        for bell in (INPUTS_BELL, OUTPUTS_BELL):
            words.write(self._aside, self._bells + bell, self._calls)

    def ns(self) -> int:
        ends = time.monotonic() + END_SECONDS
        while not self._ended.query():
            time.sleep(0)
            if time.monotonic() > ends:
                raise Fault("timeout", f"the output could not be copied within {END_SECONDS:g} s: the GPU was not free")
        return round(self._began.elapsed_time(self._ended) * 1e6)
