"""A call whose work both sides queue on the GPU before it begins, so that a CPU's pace is in no fast kernel's time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from judge import wire
from judge.slots.slots import Answer, Command

# How long a worker may take to queue a call before the inputs come all the same: one that waits for its own work, or
# compiles, waits for them.
QUEUE_SECONDS = 0.02
# What a worker may take beside the call itself and that. More is added to the call: one that waits chooses when it is
# timed, and how many rounds there are.
SPARE_NS = 20_000_000
# Nobody looks at such a call's outputs.
GIVEN_UP = {wire.CALL_FAILED, wire.OUT_OF_MEMORY, wire.DOES_NOT_FIT}


class Turn(Protocol):
    """The judge's side of one call."""

    def play(self, look_now: bool) -> None:
        """Lets inputs go in, and outputs out when the worker's stream says so, or at once."""

    def release(self) -> None:
        """Lets everything go on that waits, here and in the worker, whatever became of the call."""

    def ns(self) -> int:
        """The GPU's time from before the first input byte to after the last output byte's copy, when that is done."""


def take_turn(turn: Turn, command: Command, clock: Callable[[], int]) -> tuple[int, int, Answer]:
    """-> ns of the call, ns from the command to the last answer, that answer. Raises Fault as `command` does.

    Of a call that the worker gave up before it was queued, ns is 0. An answer that comes too early is leave to look.
    """
    sent = clock()
    command.send()
    try:
        answer = command.answer(QUEUE_SECONDS)
        if answer is not None and answer.status in GIVEN_UP:
            return 0, clock() - sent, answer
        turn.play(look_now=answer is not None and answer.status != wire.QUEUED)
        if answer is None:
            answer = command.answer()
        if answer.status == wire.QUEUED:
            answer = command.answer()
        answered_ns = clock() - sent
    finally:
        turn.release()
    ns = turn.ns()
    late_ns = answered_ns - ns - round(QUEUE_SECONDS * 1e9) - SPARE_NS
    return ns + max(0, late_ns), answered_ns, answer
