"""Workers outside of an evaluation, for the tools: same tree, same box, same protocol, a key of one's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from judge import host, tree
from judge.device import Device
from judge.keys import Keys
from judge.sandbox import outside, probe
from judge.task import Task
from judge.workplace import Workplace


class Workbench:
    """A submission (`files`) on a device. Raises Refused where the tree or the box cannot be built."""

    def __init__(
        self,
        task: Task,
        upstream: Path,
        files: dict[str, bytes],
        device: Device,
        boxed: bool = True,
        logit_weights: Path | None = None,
    ):
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        host.forbid_dumps()
        host.keep_freed_memory()
        self.task, self.upstream, self.device, self.boxed = task, upstream, device, boxed
        self._weights = logit_weights
        self._judged = tree.build(upstream, task.upstream["tree"], files, task.data["targetFiles"])
        self._probed = probe.observed(task, device.files) if boxed else set()
        self.log = ""

    @contextmanager
    def workplace(self, keys: Keys) -> Iterator[Workplace]:
        """Files on disk for workers of one key, gone with the block; `log` is then what they wrote."""
        deadline_ns = time.monotonic_ns() + int(self.task.limits["totalSeconds"] * 1e9)
        workplace = Workplace(self.task, self._judged, self.device, keys, self.boxed, deadline_ns, self._weights)
        try:
            yield workplace
        finally:
            self.log = workplace.log
            workplace.close()

    def check(self, seen: set[str]) -> None:
        """Raises Refused when a running worker lacks a protection that is required."""
        outside.require(seen, self._probed)
