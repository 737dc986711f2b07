"""Where the workers of one evaluation are started: its files on disk, the box, the slots, and the CPUs of each side."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from judge import host, sandbox, tree
from judge.device import Device
from judge.faults import Refused
from judge.keys import Keys
from judge.launch import Process
from judge.layout import WINDOW_ROWS, Shape
from judge.op_calls import OpCalls, OpShape, Oracle
from judge.session import Session
from judge.slots import Slots, new_slots
from judge.task import KERNELS_DIR, Task

WORKER_DIR = KERNELS_DIR / "worker"


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
        self._interpreter = device.kind == "cpu" and any(b"@triton" in content for content in judged.values())
        self.log = ""
        self.place = sandbox.readable_scratch("judge")
        tree.write(judged, self.place / "tree")
        tree.write({f"worker/{f.name}": f.read_bytes() for f in WORKER_DIR.glob("*.py")}, self.place)

        self._masks = sandbox.masks(self.place) if boxed else {}

    def close(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)

    @contextmanager
    def worker(
        self,
        name: str,
        shapes: list[OpShape],
        check: Callable[[set[str]], None],
        more: list[Shape] | None = None,
        trunk: dict | None = None,
    ) -> Iterator[OpCalls]:
        """A fresh worker with empty caches; ended with everything that it started, however the block ends.

        `check` gets the protections that the running worker shows.
        """
        by_slot = dict(enumerate(shapes))
        device = self.device
        slots = new_slots(device.torch, [*(s.slot() for s in shapes), *(more or [])], self.keys.bytes(f"guards/{name}"))
        try:
            if device.kind == "cuda":
                Oracle(self.keys, name, by_slot, self.task, device.torch).rehearse()
            memory = device.memory(self.task.limits)
            process = self._start(name, slots, trunk or {})
            try:
                session = Session(process, slots, self.keys, name, self.task.limits, self._deadline_ns, memory(process))
                protections = session.start()
                if self.boxed:
                    check(protections)
                yield OpCalls(session, by_slot, self.task, device.torch)
            finally:
                process.close()
                self.log = (self.log + process.log_text())[: self.task.limits["logBytes"]]
        finally:
            slots.close()
        device.wait_until_idle()

    def _start(self, name: str, slots: Slots, trunk: dict) -> Process:
        task, place, device = self.task, self.place, self.device
        interpreted = {"TRITON_INTERPRET": "1"} if self._interpreter else {}
        env = sandbox.worker_env({**task.data["worker"]["env"], **interpreted}, device.files if self.boxed else None)
        config = {
            "device": device.kind,
            "entry": task.data["entry"],
            "tree": sandbox.TREE,
            "interpreter": self._interpreter,
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
            own = dict(os.environ) if device.kind == "cuda" else {}
            env |= own | {"HOME": str(scratch), "TMPDIR": str(scratch), "TRITON_CACHE_DIR": str(scratch / "triton")}
        binds = {sandbox.TREE: str(place / "tree"), sandbox.WORKER: str(place / "worker")}
        box = sandbox.Box(task.limits, env, binds, masks=self._masks, gpu=device.files if self.boxed else None)
        judges, workers = self._cpus
        os.sched_setaffinity(0, workers)
        try:
            return Process(box, script, config, slots.descriptors(), self.boxed)
        finally:
            os.sched_setaffinity(0, judges)


def pinned_tree(upstream: Path, task: Task, place: Path) -> Path:
    """The judged tree of the upstream itself, for the judge's own use."""
    try:
        own = {path: (upstream / path).read_bytes() for path in task.data["targetFiles"]}
    except OSError as error:
        raise Refused(f"the pinned upstream lacks a target file: {error}") from error
    directory = place / "pinned"
    tree.write(tree.build(upstream, task.upstream["tree"], own, task.data["targetFiles"]), directory)
    return directory
