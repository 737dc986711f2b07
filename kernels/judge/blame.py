"""Whose doing it is when the judge runs out of memory or finds the GPU slow: the worker's, or this host's."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from judge.device import Unsteady
from judge.faults import Fault, Refused
from judge.gpu.cuda_memory import DriverError
from judge.memory import ran_out
from judge.workplace import WorkerPlan, Workplace


class Blame:
    """For one evaluation; `target_length` is what its memory is needed for."""

    def __init__(self, workplace: Workplace, target_length: int):
        self._workplace, self._target_length = workplace, target_length

    @contextmanager
    def needing_its_own_memory(self) -> Iterator[None]:
        """No line of the submission has run yet: what does not fit now is the judge's own."""
        try:
            yield
        except (MemoryError, OSError, RuntimeError, DriverError, Refused) as error:
            # The workers' contexts come last: where they found no room, the end of their log is in what is refused.
            if ran_out(error):
                raise Refused(self._too_small("before any kernel ran")) from error
            raise

    @contextmanager
    def on_the_worker(self, plans: Sequence[WorkerPlan]) -> Iterator[None]:
        """A judge that starves while a worker lives was starved by it, unless the host is as bad without it.

        A GPU that was slow for a moment may be a neighbour's doing: `unstable` is judged again, once.
        """
        try:
            yield
        except (MemoryError, OSError, RuntimeError, DriverError) as error:
            if not ran_out(error):
                raise
            self._take_memory_alone(plans)
            raise Fault("resource_limit", "the judge ran out of memory while the kernel ran") from error
        except Unsteady as error:
            # What a worker has left on the GPU goes some time after the worker.
            self._workplace.wait_until_idle()
            time.sleep(0.5)
            try:
                self._workplace.device.settle()
            except Unsteady:
                raise Refused("the GPU is slower than it was at the start, also with nothing running") from error
            raise Fault("unstable", "the GPU was slower between calls than when nothing else ran") from error

    def _too_small(self, when: str) -> str:
        return (
            f"this {self._workplace.task.device} device's memory does not hold what the judge itself needs for a "
            f"target of {self._target_length} tokens ({when}): use a device with more, or find the longest target "
            "that fits this one with `bench --max-length`"
        )

    def _take_memory_alone(self, plans: Sequence[WorkerPlan]) -> None:
        """Raises Refused when what `plans` need does not fit either now that the kernel has gone."""
        self._workplace.wait_until_idle()
        try:
            for plan in plans:
                self._workplace.take_memory(plan)
        except (MemoryError, OSError, RuntimeError, DriverError) as error:
            if ran_out(error):
                raise Refused(self._too_small("nor after the kernel had gone")) from error
            raise
