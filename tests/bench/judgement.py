"""What the judge's own benchmarks have in common: kernels on a device, and judgements of them, many at a time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import torch
from judge.clock.fixed import FixedPart
from judge.clock.stopwatch import taken_ns
from judge.corpus.cases import CHUNK, load_cases
from judge.corpus.small_task import small_task, upstream_for
from judge.device import CpuDevice, CudaDevice, Device, Unsteady
from judge.faults import Fault, Refused
from judge.gates.gates import GateLog
from judge.keys import Keys
from judge.op_calls import OpCalls, OpShape
from judge.progress import Progress
from judge.result import Record
from judge.runs import measure, prepare
from judge.task import Task, load_task
from judge.workbench import Workbench
from judge.workplace import WorkerPlan, pinned_layer_tree

# Honest folders of the corpus.
KERNELS = {"cpu": "miniature", "cuda": "fused_scan"}
CPUS = os.sched_getaffinity(0)
# `_delay(amount)` of a kernel that is slowed on purpose: cycles of the GPU's clock, ns of a CPU's.
DELAYS = {
    "cuda": "def _delay(cycles):\n    torch.cuda._sleep(cycles)\n",
    "cpu": """import time


def _delay(ns):
    ends = time.perf_counter_ns() + ns
    while time.perf_counter_ns() < ends:
        pass
""",
}
SLEEP_CYCLES = 20_000_000
# So many say enough, and each takes a fifth of a second.
MOST_UNSTEADY = 40
EXIT_SECONDS = 10.0


class CrowdedGpu(CudaDevice):
    """A GPU on which the workers of other judgements wait and compute nothing.

    Rounds before which it was slower than when nothing else ran are played and counted, up to MOST_UNSTEADY of them.
    """

    def __init__(self):
        super().__init__(alone=True)
        self.unsteady_rounds = 0

    def wait_until_idle(self, ours=()) -> None:
        """It never is: there are always more workers."""

    def settle(self) -> None:
        if self.unsteady_rounds == MOST_UNSTEADY:
            return
        try:
            super().settle()
        except Unsteady:
            self.unsteady_rounds += 1


class Crowd:
    """The device, its task, and what is judged there: an honest kernel, and variants of it."""

    def __init__(self, kind: str, upstream: Path | None, boxed: bool, place: Path, kernel: str | None = None):
        self.device: Device = CrowdedGpu() if kind == "cuda" else CpuDevice()
        self.task: Task = load_task("quasar") if kind == "cuda" else small_task("cpu")
        self._upstream, self._boxed, self._place = upstream_for(kind, place, upstream), boxed, place
        honest = {case.name: case for case in load_cases() if case.honest}
        case = honest.get(kernel or KERNELS[kind])
        if case is None:
            raise Refused(f"no honest kernel is called {kernel}: choose one of {', '.join(sorted(honest))}")
        self._files = case.files(self._upstream, self.task.data["targetFiles"])
        # Sets the process up, too; the yardstick's idle value is taken before a worker lives.
        self.honest = self._workbench(self._files)
        self.device.yardstick()

    def variant(self, appended: str) -> Workbench:
        """The honest kernel with more lines at the end of its chunk.py; `_delay` is defined in front of them."""
        source = self._files[CHUNK] + f"\n\n{DELAYS[self.device.kind]}\n\n{appended}".encode()
        return self._workbench({**self._files, CHUNK: source})

    def fixed_ns(self, length: int) -> int:
        cuda = self.device.kind == "cuda"
        pinned = pinned_layer_tree(self._upstream, self.task, self._place) if cuda else None
        return FixedPart(self.task, Keys.draw(), self.device.torch, pinned).ns([length])[length]

    def delay_per_ns(self) -> float:
        """What `_delay` takes for one ns, at the clock of a GPU that is busy."""
        if self.device.kind == "cpu":
            return 1.0
        torch.cuda._sleep(SLEEP_CYCLES)  # the clock comes up
        return SLEEP_CYCLES / taken_ns(self.device.torch, lambda: torch.cuda._sleep(SLEEP_CYCLES))

    def unsteady_rounds(self) -> int:
        return self.device.unsteady_rounds if isinstance(self.device, CrowdedGpu) else 0

    def _workbench(self, files: dict[str, bytes]) -> Workbench:
        return Workbench(self.task, self._upstream, files, self.device, self._boxed)


class Judgement:
    """One judgement of a kernel at one length: its own key, its own fresh worker, started at once.

    `prepare`, then `measure` or `calls`; `close` in any case. Preparing of several may overlap.
    """

    def __init__(self, kernel: Workbench, length: int):
        self._kernel, self._length = kernel, length
        self._plan = WorkerPlan("secret", (OpShape(length), OpShape(length)))
        self.calls: OpCalls
        self.gates = GateLog(kernel.task)
        # A workplace halves the CPUs that it finds: judge and worker.
        os.sched_setaffinity(0, CPUS)
        with ExitStack() as stack:
            self._workplace = stack.enter_context(kernel.workplace(Keys.draw()))
            self._workplace.start(self._plan)
            self._stack = stack.pop_all()

    def prepare(self) -> None:
        """The import, and the compilation. Threads may do it."""
        torch.zeros(1, device=self._kernel.device.torch)  # a thread's first work on a GPU gives it the context
        self._workplace.wait_until_ready()
        self.calls = self._stack.enter_context(self._workplace.worker(self._plan, self._kernel.check))
        self._seen_ns = prepare(self.calls, self._kernel.task, _silent())

    def measure(self, fixed_ns: int) -> dict:
        """-> the measurement record, as the secret run of an evaluation makes it; every output is compared."""
        record = Record()
        calls, call_ns = self.calls, self._seen_ns[1]
        measure(self._workplace, calls, (0, 1), self._length, fixed_ns, call_ns, True, self.gates, _silent(), record)
        self.end()
        return record.measurements[-1]

    def end(self) -> None:
        """The worker ends by itself, and gives the GPU back: the next judgement must not be disturbed by that."""
        session = self.calls.session
        session.end()
        with suppress(subprocess.TimeoutExpired):
            session.process.process.wait(EXIT_SECONDS)

    def close(self) -> str:
        """-> what the worker wrote."""
        self._stack.close()
        return self._workplace.log


@contextmanager
def closing(judgements: list[Judgement]) -> Iterator[None]:
    """Closes those that are in the list by then. A Fault becomes Refused, with the end of what the workers wrote."""
    try:
        yield
    except Fault as fault:
        log = "".join(judgement.close() for judgement in judgements)
        raise Refused(f"{fault}\n{log[-3000:]}") from fault
    finally:
        for judgement in judgements:
            judgement.close()


def _silent() -> Progress:
    return Progress(lambda record: None)
