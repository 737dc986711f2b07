"""Short calls are made twice, and the second one is clocked.

Between rounds the CPU's caches are filled with other work, its own or a neighbour's, and Python takes 0.2 to 0.5 ms
more to launch a call, now more and now less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judge.session import Call, Session

# Longer calls are made once.
WARMED_UP_NS = 100_000_000
# What a warm-up may take beyond twice the call behind it. More is added to that call: a worker that waits in it chooses
# when it is timed, and how many rounds there are.
SPARE_NS = 5_000_000


def timed_call(session: Session, slot_id: int, inputs: tuple, label: str, seen: tuple = ()) -> Call:
    """The call that counts, behind one with inputs that were `seen` before.

    Nobody looks at that one's answer, nor at its account of the time.
    """
    if not seen:
        return session.call(slot_id, inputs, label)
    inconsistent = session.inconsistent
    warm = session.call(slot_id, seen, f"{label}/warm")
    session.inconsistent = inconsistent
    call = session.call(slot_id, inputs, label)
    return replace(call, ns=call.ns + max(0, warm.ns - 2 * call.ns - SPARE_NS))


def few(inputs: tuple) -> tuple:
    """Inputs to warm up with: one tensor for all of a shape, as the judge keeps it from round to round."""
    by_shape: dict = {}
    return tuple(by_shape.setdefault(x.shape, x) for x in inputs)
