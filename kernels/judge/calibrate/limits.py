"""The rule of the limits: a fork may not be less exact than what it forked, and need not be better than bf16."""

from __future__ import annotations

import math
from collections.abc import Mapping

FLOOR = 0.015
# What a fork may be worse than the pinned upstream where that is above the floor.
ROOM = 1.25
DIGITS = 3
# Two draws of one class differ by up to 3 % of the figure on an H200; another board may add as much again.
NOISE = 0.1


def limit_of(error: float, exactness: str = "upstream") -> float:
    """max(1.5 %, 1.25 x the upstream's own relative RMS error), rounded up to three digits; 1.5 % where strict."""
    if not (math.isfinite(error) and error >= 0):
        raise ValueError(f"no limit follows from an error of {error}")
    if exactness == "strict" or error * ROOM <= FLOOR:
        return FLOOR
    wanted = error * ROOM
    step = 10.0 ** (math.floor(math.log10(wanted)) - DIGITS + 1)
    # A whisker below, so that 0.042 does not become 0.0421 by its own rounding; the digits are exact again after round.
    return round(math.ceil(wanted / step * (1 - 1e-12)) * step, 12)


def new_gates(gates: list[dict], errors: Mapping[tuple[str, str, int], float], exactness: str) -> list[dict]:
    """The task's gates with limits from `errors`: (gate, input class, length) -> the upstream's worst error there.

    An entry holds from its length up to the next one of its class, so it covers every length measured in between.
    """
    return [{**gate, "limit": limit_of(covered(gate, gates, errors), exactness)} for gate in gates]


def covered(gate: dict, gates: list[dict], errors: Mapping[tuple[str, str, int], float]) -> float:
    """The worst of `errors` that the gate's entry decides. Raises KeyError when none was measured."""
    same = (gate["name"], gate["input"])
    ends = min(
        (g["length"] for g in gates if (g["name"], g["input"]) == same and g["length"] > gate["length"]),
        default=math.inf,
    )
    found = [
        e for (name, input_class, n), e in errors.items() if (name, input_class) == same and gate["length"] <= n < ends
    ]
    if not found:
        raise KeyError(f"{gate['name']} on {gate['input']} at {gate['length']} was not measured")
    return max(found)


def differs(old: float, new: float) -> bool:
    """Whether two limits differ by more than draws and boards do."""
    return abs(new - old) > NOISE * max(old, new)
