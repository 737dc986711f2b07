"""Where the workers of one evaluation are started: its files on disk, the box, the slots, and the CPUs of each side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from judge import host, tree
from judge.device import Device
from judge.keys import Keys
from judge.op_calls import OpCalls, OpShape, Oracle
from judge.sandbox import sandbox, worker_files
from judge.sandbox.launch import Process
from judge.sandbox.scratch import Scratch
from judge.session import Session
from judge.slots.layout import WINDOW_ROWS, Shape
from judge.slots.slots import Slots, new_slots
from judge.task import Task


@dataclass(frozen=True)
class WorkerPlan:
    """What a worker is started with: its op slots in order, then `more` slots, and what it is told of the trunk."""

    name: str
    shapes: tuple[OpShape, ...]
    more: tuple[Shape, ...] = ()
    trunk: dict = field(default_factory=dict)

    @property
    def by_slot(self) -> dict[int, OpShape]:
        return dict(enumerate(self.shapes))

    @property
    def slots(self) -> list[Shape]:
        return [*(shape.slot() for shape in self.shapes), *self.more]


class Workplace:
    """`boxed` is False only for a bench of one's own tree without the sandbox: marked, and it never ranks.

    `log` grows by what each worker wrote. `logit_weights`: directory of a real model, where the host has one.
    """

    def __init__(
        self,
        task: Task,
        judged: dict[str, bytes],
        device: Device,
        keys: Keys,
        boxed: bool,
        deadline_ns: int,
        logit_weights: Path | None = None,
    ):
        self.task, self.device, self.keys, self.boxed = task, device, keys, boxed
        self.logit_weights = logit_weights
        self._deadline_ns = deadline_ns
        self._cpus = host.split_cpus()
        self._interpreter = worker_files.interpreted(device.kind, judged.values())
        self.log = ""
        if boxed:
            sandbox.require_tools()
        self._started: dict[str, Session] = {}
        self._scratch = Scratch("judge")
        self.place = self._scratch.path
        worker_files.lay_out(judged, self.place)
        self._masks = sandbox.masks(self.place) if boxed else {}

    def close(self) -> None:
        for name in list(self._started):
            self._end(name)
        self._scratch.remove()

    def start(self, plan: WorkerPlan) -> None:
        """Starts the plan's worker ahead of its turn: it loads what is ours and waits; no submission runs yet."""
        slots = new_slots(self.device.torch, plan.slots, self.keys.bytes(f"guards/{plan.name}"))
        try:
            process = self._process(plan, slots)
        except BaseException:
            slots.close()
            raise
        session = Session(process, slots, self.keys, plan.name, self.task.limits, self._deadline_ns)
        self._started[plan.name] = session

    def take_memory(self, plan: WorkerPlan) -> None:
        """Takes all that the judge will need of the GPU for this plan, before a submission can."""
        Oracle(self.keys, plan.name, plan.by_slot, self.task, self.device.torch).rehearse()

    def wait_until_ready(self) -> None:
        """Returns when every worker that was started stands ready: together they map their slots."""
        for session in self._started.values():
            session.call_up()
        for session in self._started.values():
            session.hello()

    @contextmanager
    def worker(self, plan: WorkerPlan, check: Callable[[set[str]], None]) -> Iterator[OpCalls]:
        """A fresh worker with empty caches; ended with everything that it started, however the block ends.

        `check` gets the protections that the running worker shows.
        """
        if plan.name not in self._started:
            self.start(plan)
            self._started[plan.name].call_up()
            self._started[plan.name].hello()
        session = self._started[plan.name]
        try:
            session.memory = self.device.memory(self.task.limits, session.process)
            protections = session.start()
            if self.boxed:
                check(protections)
            yield OpCalls(session, plan.by_slot, self.task, self.device.torch)
        finally:
            self._end(plan.name)
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Returns when nothing but the judge and the workers that wait for their turn holds the device."""
        self.device.wait_until_idle([pid for waiting in self._started.values() for pid in waiting.process.family()])

    def _end(self, name: str) -> None:
        session = self._started.pop(name)
        session.process.close()
        # The last worker is the one that a verdict may be about.
        self.log = (self.log + session.process.log_text())[-self.task.limits["logBytes"] :]
        session.slots.close()

    def _process(self, plan: WorkerPlan, slots: Slots) -> Process:
        task, place, device = self.task, self.place, self.device
        gpu = device.files if self.boxed else None
        task_env = worker_files.task_env(task, self._interpreter)
        config = {
            "device": device.kind,
            "entry": task.data["entry"],
            "tree": sandbox.TREE,
            "interpreter": self._interpreter,
            "trunk": plan.trunk,
            "windowRows": WINDOW_ROWS,
            "descriptions": slots.describe(),
        }
        if self.boxed:
            env = sandbox.worker_env(task_env, gpu)
            script = f"{sandbox.WORKER}/main.py"
        else:
            scratch = place / f"scratch-{plan.name}"
            scratch.mkdir()
            config |= {"tree": str(place / "tree"), "scratch": str(scratch)}
            script = str(worker_files.WORKER_DIR / "main.py")
            env = worker_files.unboxed_env(task_env, device.kind, scratch)
        box = sandbox.Box(task.limits, env, worker_files.binds(place), masks=self._masks, gpu=gpu)
        judges, workers = self._cpus
        os.sched_setaffinity(0, workers)
        try:
            return Process(box, script, config, slots.descriptors(), self.boxed)
        finally:
            os.sched_setaffinity(0, judges)


# Whatever is asked of the op hands back the values, which have the output's shape.
NO_OP = b"""def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda q, k, v, *rest, **options: (v, None)
"""


def pinned_layer_tree(upstream: Path, task: Task, place: Path) -> Path:
    """The pinned layer with the op left out, for the judge's own use."""
    targets = task.data["targetFiles"]
    directory = place / "pinned"
    tree.write(tree.build(upstream, task.upstream["tree"], dict.fromkeys(targets, NO_OP), targets), directory)
    return directory
