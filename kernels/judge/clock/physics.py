"""What times of a sound run look like: no faster than the memory, growing with the length, and steady. Pure.

There is no rule of "so many times the leader": honest head-room over the pinned upstream is several hundred times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise

from judge.clock.stats import half_width

# Reads outnumber writes three to one in the op, and memory serves reads a little faster than the yardstick's copy.
ROOFLINE_TOLERANCE = 0.9
# Below this much data the caches decide, not the memory.
SMALLEST_BYTES = 256 * 2**20

# Double the length, and the time less what may be a fixed cost grows by at least this factor. No launching is in it:
# what is fixed is the GPU's way from one process to the other and back, 0.3 ms, and the least that small kernels take.
LEAST_GROWTH = 1.3
FIXED_COST_NS = 500_000
# Lengths closer than this are compared token by token instead.
LEAST_STEP = 1.5
MAX_DISAGREEMENT = 0.15
# What padding to whole chunks may cost a kernel at an odd length: all inputs moved once more, at a million tokens.
DISAGREEMENT_NS = 1_000_000

MAX_HALF_WIDTH = 0.05
# A call that takes longer gets fewer rounds than these, and their interval is as wide as chance makes it.
SLOW_NS = 1_000_000_000
ENOUGH_ROUNDS = 5
MAX_P90 = 1.5


def roofline_ns(length: int, bytes_per_token: int, bytes_per_s: float) -> float:
    """The least time of the op: every input read once and every output written once, at the measured bandwidth."""
    return length * bytes_per_token * 1e9 / bytes_per_s


def roofline_share(length: int, op_ns: int, bytes_per_token: int, bytes_per_s: float) -> float:
    """1.0 is an op at its roofline, 0.01 one that takes a hundred times as long."""
    return roofline_ns(length, bytes_per_token, bytes_per_s) / op_ns


def under_roofline(
    length: int, classes: Sequence[Mapping], bytes_per_token: int, bytes_per_s: float, cache_bytes: int = 0
) -> str | None:
    """Why the times of one length are `implausible`; None when they are possible, or too short to tell.

    `classes` are summaries of op times, `ownNs` taken off. Of all data `cache_bytes` may already lie in the cache when
    the call begins, and as much of the output may stay there when it ends.
    """
    total = length * bytes_per_token
    if total < SMALLEST_BYTES:
        return None
    least_ns = ROOFLINE_TOLERANCE * max(0, total - 2 * cache_bytes) * 1e9 / bytes_per_s
    fastest = min(classes, key=lambda c: c["medianNs"])
    if fastest["medianNs"] >= least_ns:
        return None
    return (
        f"the op took {fastest['medianNs'] / 1e6:.3f} ms at length {length} on {fastest['input']}; "
        f"moving its data takes this device at least {least_ns / 1e6:.3f} ms"
    )


def stops_growing(op_ns: Mapping[int, int]) -> str | None:
    """Why times by length, as of T/4, T/2 and T, are `implausible`; None when they grow as the work does.

    Only too little growth is suspect: a kernel that leaves out work, or is made for one length. Short calls are exempt,
    because a part of them costs the same at every length, and so is growth beyond the length's, which is only slow.
    """
    for shorter, longer in pairwise(sorted(op_ns)):
        if longer < LEAST_STEP * shorter:
            continue
        least = 1 + (LEAST_GROWTH - 1) * (longer / shorter - 1)
        if op_ns[longer] < least * (op_ns[shorter] - FIXED_COST_NS):
            return (
                f"the op took {op_ns[shorter] / 1e6:.2f} ms at length {shorter} and {op_ns[longer] / 1e6:.2f} ms at "
                f"length {longer}: it does not grow with the length"
            )
    return None


def too_short_to_grow(op_ns: Mapping[int, int]) -> bool:
    """Whether `stops_growing` would pass a kernel whose longer calls took no more than each of its shorter ones."""
    return all(
        stops_growing({shorter: op_ns[shorter], longer: op_ns[shorter]}) is None
        for shorter, longer in pairwise(sorted(op_ns))
    )


def too_short_to_disagree(op_ns: int) -> bool:
    """Whether calls of about this time may be more than 15 % apart without `lengths_disagree` finding it."""
    return op_ns * MAX_DISAGREEMENT < DISAGREEMENT_NS


def lengths_disagree(op_ns: Mapping[int, int]) -> str | None:
    """Why times of lengths close to each other, such as two hidden ones near the target, are `implausible`.

    None when each pair agrees within 15 % of its times per token.
    """
    for one, other in combinations(sorted(op_ns), 2):
        ratio = (op_ns[one] / one) / (op_ns[other] / other)
        apart_ns = abs(op_ns[one] - op_ns[other] * one / other)
        if max(ratio, 1 / ratio) > 1 + MAX_DISAGREEMENT and apart_ns > DISAGREEMENT_NS:
            return (
                f"a token took {op_ns[one] / one:.3f} ns at length {one} and {op_ns[other] / other:.3f} ns at length "
                f"{other}: more than {MAX_DISAGREEMENT:.0%} apart"
            )
    return None


def unstable(classes: Sequence[Mapping]) -> str | None:
    """Why no figure can be given from these class summaries; None when one can.

    Generous, because an honest kernel that is bound by its launches varies by 6 to 10 % from call to call.
    """
    for found in classes:
        width = half_width(found)
        chance = max(1, ENOUGH_ROUNDS / found["rounds"]) if found["medianNs"] > SLOW_NS else 1
        if width > MAX_HALF_WIDTH * chance:
            return f"half-width of class {found['input']} stays at {width:.1%} of its median"
        if found["p90Ns"] > MAX_P90 * found["medianNs"]:
            times = found["p90Ns"] / found["medianNs"]
            return f"a tenth of the calls of class {found['input']} took {times:.2f} times its median or longer"
    return None
