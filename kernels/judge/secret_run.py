"""The secret run: hidden shapes, and the target length that the official figure comes from, in a worker of its own."""

from __future__ import annotations

import torch

from judge.claim import Claim
from judge.clock import growth, physics, yardstick
from judge.faults import Fault
from judge.gates import probes
from judge.gates.gates import GateLog
from judge.op_calls import OpShape
from judge.progress import Progress
from judge.result import Record
from judge.runs import Check, measure, prepare
from judge.workplace import WorkerPlan, Workplace


def op_shapes(target: int, hidden: list[tuple[OpShape, str]], growing: bool) -> list[OpShape]:
    """The slots of a secret run: two of the target, the hidden shapes, and the parts of the target if it is to grow."""
    shapes = [OpShape(target)] * 2 + [shape for shape, _ in hidden]
    return shapes + (growth.part_shapes(target) if growing else [])


class SecretRun:
    """Laid out when made, so that its worker can be started early; `run` does it."""

    def __init__(self, workplace: Workplace, claim: Claim):
        self._workplace, self._target = workplace, claim.target_length
        self._cuda = workplace.device.kind == "cuda"
        self._hidden = probes.drawn_shapes(self._target, workplace.keys.stream("hidden"))
        shapes = op_shapes(self._target, self._hidden, self._cuda)
        near_slot = 1 + len(self._hidden)
        self._growing = list(range(near_slot, len(shapes))) if self._cuda else []
        self.plan = WorkerPlan("secret", tuple(shapes))

    def run(
        self,
        fixed_ns: dict[int, int],
        log: GateLog,
        progress: Progress,
        record: Record,
        check: Check,
        yardstick_ns: dict[str, int],
    ) -> None:
        """Adds gates, the official measurement and digests to the records.

        Raises the Fault of the first failing gate, then `implausible`, then `unstable`.
        """
        workplace, target = self._workplace, self._target
        with workplace.worker(self.plan, check) as calls:
            seen_ns = prepare(calls, workplace.task, progress)
            record.mark("secret run prepared")
            classes = {2 + i: name for i, (_, name) in enumerate(self._hidden)}
            progress.stage("secret", len(classes) + len(self._growing))
            probes.run_hidden_shapes(calls, classes, log, progress.step)
            own_ns = workplace.task.data["timing"][workplace.device.kind]["ownNs"]
            grown = growth.least_ns(calls, self._growing, seen_ns, own_ns, log, progress.step)
            record.mark("hidden shapes")
            measure(workplace, calls, (0, 1), target, fixed_ns[target], seen_ns[1], True, log, progress, record)
            calls.session.end()
        if self._cuda and workplace.device.alone:
            near = self._hidden[-1][0].length
            record.flags += _not_judged(grown, near)
            _require_sound(workplace.task.data, record.measurements[-1], grown, near, yardstick_ns)


def _not_judged(grown: dict[int, int], near: int) -> list[str]:
    """Flags of the checks by length that say nothing about calls as short as these: silence would look like a pass."""
    silent = {
        "growth_not_judged": physics.too_short_to_grow(grown),
        "near_length_not_judged": physics.too_short_to_disagree(grown[near]),
    }
    return [flag for flag, says_nothing in silent.items() if says_nothing]


def _require_sound(task: dict, measured: dict, grown: dict[int, int], near: int, yardstick_ns: dict[str, int]) -> None:
    length, classes = measured["length"], measured["classes"]
    typical = next(c["medianNs"] for c in classes if c["input"] == growth.INPUT)
    near_ns = grown.pop(near)
    impossible = physics.stops_growing({**grown, length: typical})
    # Within the intervals of all classes no difference shows: launch-bound kernels vary by 10 % between calls.
    low, high = min(c["ciLowNs"] for c in classes), max(c["ciHighNs"] for c in classes)
    nearest = min(max(near_ns * length // near, low), high)
    impossible = impossible or physics.lengths_disagree({length: nearest, near: near_ns})
    if "roofline" in task:
        cache_bytes = torch.cuda.get_device_properties(0).L2_cache_size
        bytes_per_s = yardstick.bytes_per_s(yardstick_ns)
        per_token = task["roofline"]["bytesPerToken"]
        impossible = impossible or physics.under_roofline(length, classes, per_token, bytes_per_s, cache_bytes)
    if impossible:
        raise Fault("implausible", impossible)
    if why := physics.unstable(classes):
        raise Fault("unstable", why)
