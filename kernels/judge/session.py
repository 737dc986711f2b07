"""One worker from its first command to its last, one call at a time.

The next input exists only after the previous output has been copied away: calls cannot be merged, reordered or cached.
A warm-up repeats an input, and its answer goes nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from judge import wire
from judge.faults import Fault, Refused
from judge.keys import Keys, window
from judge.memory import HostMemory, Memory
from judge.sandbox.launch import Process
from judge.slots.layout import WINDOW_ROWS
from judge.slots.slots import Slots

# Loading PyTorch from a cold disk takes a while.
READY_SECONDS = 120.0
# Time enough to answer, and too little to heat the GPU before the closing yardstick.
EXIT_SECONDS, EXIT_SECONDS_ON_CPU = 2.0, 10.0
# What a worker that has slept may take to wake, on nobody's time. Longer is its own: it would heat the GPU, or choose
# by its delay how many rounds are played.
WAKE_NS = 20_000_000


@dataclass(frozen=True)
class Call:
    """What one call left behind. `ns`: from before the first input byte to after the last output byte's copy.

    With what the worker took beyond WAKE_NS to wake.
    """

    ns: int
    outputs: dict[str, torch.Tensor]


class Session:
    """A started worker with its slots. `clock` gives nanoseconds; `deadline_ns` ends the whole evaluation.

    `spins`: the judge has CPUs of its own, and keeps one busy while it waits for an answer.
    """

    def __init__(
        self,
        process: Process,
        slots: Slots,
        keys: Keys,
        name: str,
        limits: dict,
        deadline_ns: int,
        spins: bool = False,
        clock: Callable[[], int] = time.monotonic_ns,
    ):
        self.process, self.slots, self.keys, self.name, self.limits = process, slots, keys, name, limits
        self.memory: Memory = HostMemory(process)
        self._deadline_ns, self._spins, self._clock = deadline_ns, spins, clock
        self._serial = 0
        # Calls whose own account of the time cannot be true; shown, never decisive.
        self.inconsistent = 0

    def hello(self) -> None:
        """Waits until the worker stands ready: PyTorch loaded, slots mapped, no line of the submission run."""
        try:
            self._command(wire.HELLO, wire.NO_SLOT, READY_SECONDS)
        except Fault as fault:
            raise Refused(f"the worker did not get ready: {fault.detail}: {self.process.log_text()[-1000:]}") from fault

    def start(self) -> set[str]:
        """Waits for the import of the tree -> the protections that hold. Raises Fault `import_error` when it fails."""
        try:
            status, _ = self._command(wire.PING, wire.NO_SLOT, self.limits["importSeconds"])
        except Fault as fault:
            raise self.process.why_ended(fault) from fault
        if status in (wire.OUT_OF_MEMORY, wire.DOES_NOT_FIT):
            raise Fault("resource_limit", "the kernel's import needs more memory than the task allows")
        if status != wire.OK:
            raise Fault("import_error", "the kernel's files could not be imported: see the end of the log")
        return self.process.protections()

    def call(self, slot_id: int, masters: Sequence[torch.Tensor], label: str, timeout_s: float | None = None) -> Call:
        """One RUN on fresh memory. Raises Fault for everything but the values of the output."""
        slot = self.slots[slot_id]
        name = f"{self.name}/{label}"
        nonce = self.keys.nonce(name)
        first_row = window(nonce, WINDOW_ROWS)
        blocks = self.keys.stream(f"blocks/{name}")
        fill = slot.filler(masters, first_row, blocks.permutation(len(slot.layout.input_blocks)))
        take = slot.taker(blocks.permutation(len(slot.layout.output_blocks)))
        slot.poison()
        limit = self._within(self.limits["callSeconds"] if timeout_s is None else timeout_s)
        try:
            woken = self._clock()
            if self._spins:
                self._command(wire.HELLO, wire.NO_SLOT, limit)
            wire.expect_silence(self.process.pipes.reply)
            began = self._clock()
            fill()
            wire.send(self.process.pipes.command, wire.pack_command(wire.RUN, nonce, slot_id))
            status, child_ns = wire.receive(self.process.pipes.reply, nonce, limit, self._spins)
            replied = self._clock()
            outputs = take()
            ended = self._clock()
        except Fault as fault:
            raise self.process.why_ended(Fault(fault.reason, f"{fault.detail} (call {label})")) from fault
        self.memory.look()
        self._refuse(status, label)
        if not 0.8 * (replied - began) - 2_000_000 <= child_ns <= 1.02 * (replied - began):
            self.inconsistent += 1
        if not slot.unchanged(masters, first_row):
            raise Fault("input_modified", f"the kernel changed its inputs (call {label})")
        if not slot.guards_intact():
            raise Fault("input_modified", f"the kernel wrote outside of its output (call {label})")
        return Call(ended - began + max(0, began - woken - WAKE_NS), outputs)

    def end(self) -> None:
        """Asks the worker to end, and sees that it was still serving: an exit before this is an early one."""
        self.memory.look()
        self._command(wire.EXIT, wire.NO_SLOT, EXIT_SECONDS if self._spins else EXIT_SECONDS_ON_CPU)

    def _refuse(self, status: int, label: str) -> None:
        if status == wire.OUT_OF_MEMORY:
            raise Fault("resource_limit", f"the kernel needs more memory than the task allows (call {label})")
        if status == wire.DOES_NOT_FIT:
            raise Fault("unsupported", f"this length does not fit into the GPU's memory (call {label})")
        if status == wire.CALL_FAILED:
            raise Fault("early_exit", f"the kernel raised an exception (call {label}): see the end of the log")

    def _command(self, op: int, slot_id: int, timeout_s: float) -> tuple[int, int]:
        self._serial += 1
        nonce = self.keys.nonce(f"{self.name}/command/{self._serial}")
        wire.expect_silence(self.process.pipes.reply)
        wire.send(self.process.pipes.command, wire.pack_command(op, nonce, slot_id))
        return wire.receive(self.process.pipes.reply, nonce, self._within(timeout_s))

    def _within(self, seconds: float) -> float:
        left = (self._deadline_ns - self._clock()) / 1e9
        if left <= 0:
            raise Fault("timeout", "the evaluation took longer than the task allows in all")
        return min(seconds, left)
