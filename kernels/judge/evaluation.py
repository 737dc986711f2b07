"""One evaluation from claim to result: tree, box, public run, secret run. Whatever happens, a result comes out."""

from __future__ import annotations

import os
import shutil
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from judge import fixed, gates, host, logits, outside, probe, probes, sandbox, timing, tree, yardstick
from judge.claim import Claim
from judge.faults import Fault, Refused
from judge.keys import Keys
from judge.launch import Process
from judge.op_calls import OpCalls, OpShape
from judge.progress import Progress
from judge.result import Record
from judge.session import Session
from judge.slots import WINDOW_ROWS, MemfdSlots, Shape
from judge.task import KERNELS_DIR, Task

WORKER_DIR = KERNELS_DIR / "worker"


class Evaluation:
    """`boxed` is False only for a bench of one's own tree without the sandbox: marked, and it never ranks."""

    def __init__(
        self, claim: Claim, task: Task, upstream: Path, progress: Progress, record: Record, boxed: bool = True
    ):
        self.claim, self.task, self.upstream, self.progress, self.record = claim, task, upstream, progress, record
        self.boxed = boxed
        self.gates = gates.GateLog(task)
        self.keys: Keys | None = None
        self._deadline_ns = time.monotonic_ns() + int(min(claim.total_seconds, task.limits["totalSeconds"]) * 1e9)
        self._worker_lives = False
        self._cpus = host.split_cpus()

    def run(self) -> None:
        """Fills the record. Every failure becomes a fault in it: only bugs of this very method can raise."""
        try:
            self._run()
        except Fault as fault:
            self.record.faults.append((fault.reason, fault.detail))
        except Refused as refused:
            self.record.faults.append(("infra", str(refused)))
        except MemoryError:
            # The worker shares the host: a judge that starves while one lives was starved by it.
            reason = "resource_limit" if self._worker_lives else "infra"
            self.record.faults.append((reason, "the judge ran out of memory"))
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
        host.forbid_dumps()
        host.keep_freed_memory()
        self._protections(probe.observed(task) if self.boxed else set())
        self.keys = Keys.draw()
        record.key = self.keys.reveal()
        self.progress.stage("prepare", 0, self.keys.sha256)
        before = yardstick.measure()
        record.yardstick = yardstick.record(before, {})
        timed = [n for n in claim.lengths if n != claim.target_length]
        fixed_ns = {n: fixed.fixed_part_ns(task, n, self.keys) for n in (*timed, claim.target_length)}
        with _worker_files(judged) as place:
            self._public_run(place, judged, timed, fixed_ns)
            self._secret_run(place, judged, fixed_ns[claim.target_length])
        record.yardstick = yardstick.record(before, yardstick.measure())

    def _check_claim(self) -> None:
        claim, task = self.claim, self.task
        if claim.task != task.identity():
            raise Refused(
                f"the App and this judge disagree on task {task.name}: {claim.task} there, {task.identity()} here"
            )
        if claim.upstream != task.upstream:
            raise Refused("the claim pins another upstream than the task does")
        if self.record.device["kind"] == "cuda":
            raise Refused("this judge has no CUDA part")

    def _protections(self, seen: set[str]) -> None:
        every = (*outside.REQUIRED, *outside.OPTIONAL)
        self.record.sandbox = {"active": sorted(seen & set(every)), "missing": sorted(set(every) - seen)}
        if not self.boxed:
            self.record.flags.append("no_sandbox")
            return
        lacking = [name for name in outside.REQUIRED if name not in seen]
        if lacking:
            raise Refused(f"the sandbox on this host lacks {', '.join(lacking)}: run `python -m judge probe`")

    def _public_run(self, place: Path, judged: dict, timed: list[int], fixed_ns: dict[int, int]) -> None:
        task, claim = self.task, self.claim
        model = logits.Model(logits.SIZES[self.record.device["kind"]], self.keys, task)
        gate_lengths = sorted({g["length"] for g in task.data["gates"] if g["name"] == "op_rel_rms"})
        gate_lengths = [n for n in gate_lengths if n <= claim.target_length] or gate_lengths[:1]
        shapes: list[OpShape] = []
        pairs: dict[int, tuple[int, int]] = {}
        for length in sorted({*gate_lengths, *timed}):
            pairs[length] = (len(shapes), len(shapes) + 1)
            shapes += [OpShape(length)] * 2
        shapes.append(OpShape(gate_lengths[0], state=True))
        state_slot, trunk_slot = len(shapes) - 1, len(shapes)
        with self._session("public", place, judged, shapes, [model.slot()], model.sizes.trunk()) as (session, calls):
            self._prepare(calls)
            gate_count = sum(g["name"] == "op_rel_rms" and g["length"] in gate_lengths for g in task.data["gates"])
            self.progress.stage("public", gate_count + 4)
            step = self.progress.step
            gates.run_op_gates(calls, {n: pairs[n][0] for n in gate_lengths}, self.gates, task, step)
            probes.run_state_gate(calls, state_slot, self.gates, task)
            step()
            probes.run_impulse(calls, pairs[gate_lengths[0]], self.gates, step)
            self.progress.stage("logits", 1)
            logits.run_logit_gate(session, trunk_slot, model, self.gates)
            step()
            for length in timed:
                self._measure(calls, pairs[length], length, fixed_ns[length], "public")
            session.end()

    def _secret_run(self, place: Path, judged: dict, fixed_ns: int) -> None:
        target = self.claim.target_length
        hidden = probes.hidden_shapes(target, self.keys.stream("hidden"))
        shapes = [OpShape(target)] * 2 + [OpShape(n, batch, heads) for n, batch, heads, _ in hidden]
        with self._session("secret", place, judged, shapes, [], {}) as (session, calls):
            self._prepare(calls)
            classes = {2 + i: entry[3] for i, entry in enumerate(hidden)}
            self.progress.stage("secret", len(hidden))
            probes.run_hidden_shapes(calls, classes, self.gates, self.progress.step)
            self._measure(calls, (0, 1), target, fixed_ns, "secret")
            session.end()

    def _measure(self, calls: OpCalls, slots: tuple[int, int], length: int, fixed_ns: int, stage: str) -> None:
        rules = self.task.data["timing"][self.record.device["kind"]]
        rounds = timing.plan(calls.classes, rules["minRoundsPerClass"], self.keys.stream(f"plan/{stage}/{length}"))
        self.progress.stage(stage, len(rounds))
        threads = min(2, len(os.sched_getaffinity(0)))
        classes, digests = timing.measure(calls, slots, length, rules, self.gates, self.progress.step, threads)
        self.record.outputs += digests
        peak = calls.session.process.peak_bytes()
        self.record.measurements.append(timing.figure(length, classes, fixed_ns, peak))
        if calls.session.inconsistent > len(rounds) // 5:
            self.record.flags.append("timing_inconsistent")

    def _prepare(self, calls: OpCalls) -> None:
        """Compilation and tuning happen here, by the same command on throw-away keys."""
        budget_ns = int(self.task.limits["prepareSeconds"] * 1e9)
        ends = time.monotonic_ns() + budget_ns
        self.progress.stage("prepare", len(calls.shapes))
        for slot_id in calls.shapes:
            inputs = calls.make(calls.classes[0], slot_id, f"prepare/{slot_id}")
            left = (ends - time.monotonic_ns()) / 1e9
            if left <= 0:
                raise Fault("timeout", f"preparing took longer than {self.task.limits['prepareSeconds']} s")
            calls.session.call(slot_id, inputs, f"prepare/{slot_id}", left)
            self.progress.step()

    @contextmanager
    def _session(
        self, name: str, place: Path, judged: dict, shapes: list[OpShape], more: list[Shape], trunk: dict
    ) -> Iterator[tuple[Session, OpCalls]]:
        """A fresh worker with empty caches; ended with everything that it started, however the block ends."""
        task = self.task
        slots = MemfdSlots([*(s.slot() for s in shapes), *more], self.keys.bytes(f"guards/{name}"))
        interpreter = self.record.device["kind"] == "cpu" and any(b"@triton" in content for content in judged.values())
        env = sandbox.worker_env({**task.data["worker"]["env"], **({"TRITON_INTERPRET": "1"} if interpreter else {})})
        config = {
            "entry": task.data["entry"],
            "tree": sandbox.TREE,
            "interpreter": interpreter,
            "trunk": trunk,
            "windowRows": WINDOW_ROWS,
            "descriptions": slots.describe(),
        }
        script = f"{sandbox.WORKER}/main.py"
        if not self.boxed:
            scratch = place / f"scratch-{name}"
            scratch.mkdir()
            config |= {"tree": str(place / "tree"), "scratch": str(scratch)}
            script = str(WORKER_DIR / "main.py")
            env |= {"HOME": str(scratch), "TMPDIR": str(scratch), "TRITON_CACHE_DIR": str(scratch / "triton")}
        box = sandbox.Box(task.limits, env, {sandbox.TREE: str(place / "tree"), sandbox.WORKER: str(place / "worker")})
        own, workers = self._cpus
        os.sched_setaffinity(0, workers)
        try:
            process = Process(box, script, config, slots.descriptors(), self.boxed)
        finally:
            os.sched_setaffinity(0, own)
        self._worker_lives = True
        try:
            session = Session(process, slots, self.keys, name, task.limits, self._deadline_ns)
            active = session.start()
            if self.boxed:
                self._still_boxed(active)
            yield session, OpCalls(session, dict(enumerate(shapes)), task)
        finally:
            process.close()
            self._worker_lives = False
            self.record.log = (self.record.log + process.log_text())[: task.limits["logBytes"]]
            slots.close()

    def _still_boxed(self, seen: set[str]) -> None:
        """The protections that this very worker shows from outside; the limits were seen to hold by the probe."""
        seen = seen | ({"pids_limit", "memory_limit"} & set(self.record.sandbox["active"]))
        lacking = [name for name in outside.REQUIRED if name not in seen]
        if lacking:
            raise Refused(f"the worker runs without {', '.join(lacking)}")


@contextmanager
def _worker_files(judged: dict[str, bytes]) -> Iterator[Path]:
    """The tree and the worker's own code, in a directory that the worker's uid can read."""
    place = sandbox.readable_scratch("judge")
    try:
        tree.write(judged, place / "tree")
        code = {f"worker/{f.name}": f.read_bytes() for f in WORKER_DIR.glob("*.py")}
        tree.write(code, place)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
