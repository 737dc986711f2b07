"""One evaluation from claim to result: tree, box, public run, secret run. Whatever happens, a result comes out."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from judge import host, tree
from judge.claim import Claim
from judge.clock import own_time, yardstick
from judge.clock.fixed import FixedPart
from judge.device import Device, Unsteady, open_device
from judge.faults import Fault, Refused
from judge.gates import gates
from judge.gates.reference_check import check_reference
from judge.gpu.cuda_memory import DriverError
from judge.keys import Keys
from judge.memory import ran_out
from judge.progress import Progress
from judge.public_run import PublicRun
from judge.result import Record
from judge.sandbox import outside, probe
from judge.secret_run import SecretRun
from judge.task import Task
from judge.workplace import WorkerPlan, Workplace, pinned_tree


class Evaluation:
    """`boxed` is False only for a bench of one's own tree without the sandbox: marked, and it never ranks.

    `device` is the task's own unless another is given; `logit_weights`: directory of a real model, where there is one.
    """

    def __init__(
        self,
        claim: Claim,
        task: Task,
        upstream: Path,
        progress: Progress,
        record: Record,
        boxed: bool = True,
        device: Device | None = None,
        logit_weights: Path | None = None,
    ):
        self.claim, self.task, self.upstream, self.progress, self.record = claim, task, upstream, progress, record
        self.boxed = boxed
        self._device, self._logit_weights = device, logit_weights
        self.gates = gates.GateLog(task)
        self._deadline_ns = time.monotonic_ns() + int(min(claim.total_seconds, task.limits["totalSeconds"]) * 1e9)
        self._workplace: Workplace | None = None

    def run(self) -> None:
        """Fills the record. Every failure becomes a fault in it: only bugs of this very method can raise."""
        try:
            self._run()
        except Fault as fault:
            self.record.faults.append((fault.reason, fault.detail))
        except Refused as refused:
            self.record.faults.append(("infra", str(refused)))
        except Exception:
            self.record.faults.append(("infra", traceback.format_exc()[-3000:]))
        self.record.gates = self.gates.results()

    def _run(self) -> None:
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        claim, task, record = self.claim, self.task, self.record
        self.progress.stage("tree", 1)
        self._check_claim()
        judged = tree.build(self.upstream, claim.upstream["tree"], claim.files, task.data["targetFiles"])
        self.progress.step()
        record.mark("libraries loaded, tree built")
        host.forbid_dumps()
        host.keep_freed_memory()
        device = self._device or open_device(task.device)
        record.device = device.describe()
        self.task = own_time.on_board(task, device.kind, record.device["name"])
        if self.task is not task:
            record.flags.append("uncalibrated")
            task = self.task
        device.wait_until_idle()
        with ExitStack() as stack:
            record.locked = stack.enter_context(device.held_clocks(task.data.get("requireLockedClocks", False)))
            if device.kind == "cuda" and not record.locked:
                record.flags.append("unlocked")
            keys = Keys.draw()
            record.key = keys.reveal()
            self.progress.stage("prepare", 0, keys.sha256)
            workplace = Workplace(task, judged, device, keys, self.boxed, self._deadline_ns, self._logit_weights)
            stack.callback(workplace.close)
            self._workplace = workplace
            with self._needing_its_own_memory():
                public, secret = PublicRun(workplace, claim), SecretRun(workplace, claim)
                if device.kind == "cuda":
                    # They load PyTorch while the judge looks at its own tools.
                    workplace.start(public.plan)
                    workplace.start(secret.plan)
                    record.mark("workers started")
                self._protections(probe.observed(task, device.files) if self.boxed else set())
                record.mark("sandbox probed")
                fixed_part = FixedPart(task, keys, device.torch, self._pinned(workplace))
                if device.kind == "cuda":
                    check_reference(task, max(g["length"] for g in task.data["gates"]), keys, device.torch)
                    workplace.take_memory(public.plan)
                    workplace.take_memory(secret.plan)
                record.mark("pinned layer loaded, references compared, memory taken")
                workplace.wait_until_ready()
                record.mark("workers ready")
                before = device.yardstick()
                record.yardstick = yardstick.record(before, {})
                fixed_ns = fixed_part.ns(sorted({*claim.lengths, claim.target_length}))
                record.mark("yardstick and fixed part timed")
            try:
                with self._blaming_the_worker([public.plan, secret.plan]):
                    public.run(fixed_ns, self.gates, self.progress, record, self._still_boxed)
                    record.mark("public run")
                    secret.run(fixed_ns, self.gates, self.progress, record, self._still_boxed, before)
                    record.mark("secret run")
            finally:
                record.log = workplace.log
                record.samples = device.samples()
            after = device.yardstick()
            record.yardstick = yardstick.record(before, after)
            device.check_conditions(before, after)
            record.mark("yardstick again")

    @contextmanager
    def _needing_its_own_memory(self) -> Iterator[None]:
        """No line of the submission has run yet: what does not fit now is the judge's own."""
        try:
            yield
        except (MemoryError, OSError, RuntimeError, DriverError) as error:
            if ran_out(error):
                raise Refused(self._too_small("before any kernel ran")) from error
            raise

    def _too_small(self, when: str) -> str:
        return (
            f"this {self.task.device} device's memory does not hold what the judge itself needs for a target of "
            f"{self.claim.target_length} tokens ({when}): use a device with more, or find the longest target that fits "
            "this one with `bench --max-length`"
        )

    @contextmanager
    def _blaming_the_worker(self, plans: Sequence[WorkerPlan]) -> Iterator[None]:
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

    def _pinned(self, workplace: Workplace) -> Path | None:
        return pinned_tree(self.upstream, self.task, workplace.place) if workplace.device.kind == "cuda" else None

    def _check_claim(self) -> None:
        claim, task = self.claim, self.task
        if claim.task != task.identity():
            raise Refused(
                f"the App and this judge disagree on task {task.name}: {claim.task} there, {task.identity()} here"
            )
        if claim.upstream != task.upstream:
            raise Refused("the claim pins another upstream than the task does")

    def _protections(self, seen: set[str]) -> None:
        on_gpu = outside.GPU_OPTIONAL if self.record.device["kind"] == "cuda" else ()
        every = (*outside.REQUIRED, *outside.OPTIONAL, *on_gpu)
        self.record.sandbox = {"active": sorted(seen & set(every)), "missing": sorted(set(every) - seen)}
        if not self.boxed:
            self.record.flags.append("no_sandbox")
            return
        lacking = [name for name in outside.REQUIRED if name not in seen]
        if lacking:
            raise Refused(f"the sandbox on this host lacks {', '.join(lacking)}: run `python -m judge probe`")

    def _still_boxed(self, seen: set[str]) -> None:
        """The protections that this very worker shows from outside; the limits were seen to hold by the probe."""
        outside.require(seen, set(self.record.sandbox["active"]))
