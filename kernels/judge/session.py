"""One worker from its first command to its last, one call at a time.

The next input exists only after the previous output has been copied away: calls cannot be merged, reordered or cached.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from judge import wire
from judge.faults import Fault, Refused
from judge.keys import Keys, window
from judge.memory import HostMemory, Memory
from judge.sandbox.launch import Pipes, Process
from judge.slots.layout import WINDOW_ROWS, Shape
from judge.slots.slots import Answer, Given, Slots

# Loading PyTorch from a cold disk takes a while.
READY_SECONDS = 120.0
# Time enough to answer, and on a GPU too little to heat it before the closing yardstick.
EXIT_SECONDS = {"cuda": 2.0, "cpu": 10.0}


@dataclass(frozen=True)
class Call:
    """What one call left behind. `ns` is that of its exchange."""

    ns: int
    outputs: dict[str, torch.Tensor]


class Session:
    """A started worker with its slots. `clock` gives nanoseconds; `deadline_ns` ends the whole evaluation."""

    def __init__(
        self,
        process: Process,
        slots: Slots,
        keys: Keys,
        name: str,
        limits: dict,
        deadline_ns: int,
        clock: Callable[[], int] = time.monotonic_ns,
    ):
        self.process, self.slots, self.keys, self.name, self.limits = process, slots, keys, name, limits
        self.memory: Memory = HostMemory(process)
        self._deadline_ns, self._clock = deadline_ns, clock
        self._serial = 0
        # Calls whose own account of the time cannot be true; shown, never decisive.
        self.inconsistent = 0

    def call_up(self) -> None:
        """Has the worker map its slots when it has loaded PyTorch: until now it does not touch the device."""
        with self._getting_ready():
            self._called_up = self._command(wire.HELLO, READY_SECONDS)
            self._called_up.send()

    def hello(self) -> None:
        """Waits until the worker that was called up stands ready. No line of the submission has run."""
        with self._getting_ready():
            self._called_up.answer()

    @contextmanager
    def _getting_ready(self) -> Iterator[None]:
        try:
            yield
        except Fault as fault:
            raise Refused(f"the worker did not get ready: {fault.detail}: {self.process.log_text()[-1000:]}") from fault

    def start(self) -> set[str]:
        """Waits for the import of the tree -> the protections that hold. Raises Fault `import_error` when it fails."""
        try:
            status = self._ask(wire.PING, self.limits["importSeconds"])
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
        given = Given(masters, first_row, slot.layout.orders(self.keys.stream(f"blocks/{name}")))
        limit = self._within(self.limits["callSeconds"] if timeout_s is None else timeout_s)
        try:
            command = _Command(self.process.pipes, wire.RUN, nonce, slot_id, limit)
            done = slot.exchange(given, command, self._clock)
        except Fault as fault:
            raise self.process.why_ended(Fault(fault.reason, f"{fault.detail} (call {label})")) from fault
        self.memory.look()
        self._refuse(done.answer.status, label, slot.layout.shape)
        if not 0.8 * done.answered_ns - 2_000_000 <= done.answer.child_ns <= 1.02 * done.answered_ns:
            self.inconsistent += 1
        if not slot.unchanged(masters, first_row):
            raise Fault("input_modified", f"the kernel changed its inputs (call {label})")
        if not slot.guards_intact():
            raise Fault("input_modified", f"the kernel wrote outside of its output (call {label})")
        return Call(done.ns, done.outputs)

    def end(self) -> None:
        """Asks the worker to end, and sees that it was still serving: an exit before this is an early one."""
        self.memory.look()
        self._ask(wire.EXIT, EXIT_SECONDS[self.slots.kind])

    def _refuse(self, status: int, label: str, shape: Shape) -> None:
        if status == wire.OUT_OF_MEMORY:
            raise Fault("resource_limit", f"the kernel needs more memory than the task allows (call {label})")
        if status == wire.DOES_NOT_FIT:
            what = f"a length of {shape.tokens} tokens" if shape.kind == "op" else "the logit check's model"
            raise Fault("unsupported", f"{what} does not fit into the GPU's memory (call {label})")
        if status == wire.CALL_FAILED:
            raise Fault("early_exit", f"the kernel raised an exception (call {label}): see the end of the log")
        if status == wire.BAD_OUTPUT:
            # Whatever stands in the slot, the worker did not put it there.
            raise Fault("nonfinite", f"no output of the promised shape and type (call {label}): see the end of the log")
        if status != wire.OK:
            raise Fault("protocol_error", f"status {status} does not end a call (call {label})")

    def _ask(self, op: int, timeout_s: float) -> int:
        """-> the status of the answer."""
        command = self._command(op, timeout_s)
        command.send()
        return command.answer().status

    def _command(self, op: int, timeout_s: float) -> _Command:
        self._serial += 1
        nonce = self.keys.nonce(f"{self.name}/command/{self._serial}")
        return _Command(self.process.pipes, op, nonce, wire.NO_SLOT, self._within(timeout_s))

    def _within(self, seconds: float) -> float:
        left = (self._deadline_ns - self._clock()) / 1e9
        if left <= 0:
            raise Fault("timeout", "the evaluation took longer than the task allows in all")
        return min(seconds, left)


class _Command:
    """One command over the worker's pipes; all its answers together may take `limit_s`."""

    def __init__(self, pipes: Pipes, op: int, nonce: bytes, slot_id: int, limit_s: float):
        self._pipes, self._nonce, self._limit_s = pipes, nonce, limit_s
        self._frame = wire.pack_command(op, nonce, slot_id)
        self._ends = 0.0

    def send(self) -> None:
        wire.expect_silence(self._pipes.reply)
        self._ends = time.monotonic() + self._limit_s
        wire.send(self._pipes.command, self._frame)

    def answer(self, within_s: float | None = None) -> Answer | None:
        left = max(0.0, self._ends - time.monotonic())
        if within_s is None or within_s >= left:
            return Answer(*wire.receive(self._pipes.reply, self._nonce, left, self._limit_s))
        if not wire.readable(self._pipes.reply, within_s):
            return None
        return self.answer()
