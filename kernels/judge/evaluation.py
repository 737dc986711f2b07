"""One evaluation from claim to result: tree, box, public run, secret run. Whatever happens, a result comes out."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from judge import host, readiness, tree
from judge.blame import Blame
from judge.claim import Claim
from judge.clock import own_time, yardstick
from judge.device import Device, open_device
from judge.faults import Fault, Refused
from judge.gates import gates
from judge.keys import Keys
from judge.progress import Progress
from judge.public_run import PublicRun
from judge.result import Record
from judge.sandbox import outside, probe
from judge.secret_run import SecretRun
from judge.task import Task
from judge.workplace import WorkerPlan, Workplace


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
        judged = self._build_tree()
        device = self._open_device()
        with ExitStack() as stack:
            self._hold_clocks(stack, device)
            workplace = self._open_workplace(stack, judged, device)
            blame = Blame(workplace, self.claim.target_length)
            with blame.needing_its_own_memory():
                public, secret = PublicRun(workplace, self.claim), SecretRun(workplace, self.claim)
                before, fixed_ns = self._make_ready(workplace, [public.plan, secret.plan])
            try:
                with blame.on_the_worker([public.plan, secret.plan]):
                    public.run(fixed_ns, self.gates, self.progress, self.record, self._still_boxed)
                    self.record.mark("public run")
                    secret.run(fixed_ns, self.gates, self.progress, self.record, self._still_boxed, before)
                    self.record.mark("secret run")
            finally:
                self.record.log = workplace.log
                self.record.samples = device.samples()
            self._time_yardstick_again(device, before)

    def _build_tree(self) -> dict[str, bytes]:
        self.progress.stage("tree", 1)
        self._check_claim()
        upstream_tree, targets = self.claim.upstream["tree"], self.task.data["targetFiles"]
        judged = tree.build(self.upstream, upstream_tree, self.claim.files, targets)
        self.progress.step()
        self.record.mark("libraries loaded, tree built")
        return judged

    def _open_device(self) -> Device:
        """-> the device with nothing else on it. The task is from here on as this very board has it."""
        host.forbid_dumps()
        host.keep_freed_memory()
        device = self._device or open_device(self.task.device)
        self.record.device = device.describe()
        on_board = own_time.on_board(self.task, device.kind, self.record.device["name"])
        if on_board is not self.task:
            self.task = on_board
            self.record.flags.append("uncalibrated")
        device.wait_until_idle()
        return device

    def _hold_clocks(self, stack: ExitStack, device: Device) -> None:
        required = self.task.data.get("requireLockedClocks", False)
        self.record.locked = stack.enter_context(device.held_clocks(required))
        if device.kind == "cuda" and not self.record.locked:
            self.record.flags.append("unlocked")

    def _open_workplace(self, stack: ExitStack, judged: dict[str, bytes], device: Device) -> Workplace:
        """The tree is frozen: only now is the key drawn."""
        keys = Keys.draw()
        self.record.key = keys.reveal()
        self.progress.stage("prepare", 0, keys.sha256)
        workplace = Workplace(self.task, judged, device, keys, self.boxed, self._deadline_ns, self._logit_weights)
        stack.callback(workplace.close)
        return workplace

    def _make_ready(self, workplace: Workplace, plans: Sequence[WorkerPlan]) -> tuple[dict[str, int], dict[int, int]]:
        """As `make_ready`; the workers stand in a box that was seen to hold."""
        readiness.start_early(workplace, plans, self.record)
        self._protections(probe.observed(self.task, workplace.device.files) if self.boxed else set())
        self.record.mark("sandbox probed")
        return readiness.make_ready(workplace, self.upstream, self.claim, plans, self.record)

    def _time_yardstick_again(self, device: Device, before: dict[str, int]) -> None:
        after = device.yardstick()
        self.record.yardstick = yardstick.record(before, after)
        device.check_conditions(before, after)
        self.record.mark("yardstick again")

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
