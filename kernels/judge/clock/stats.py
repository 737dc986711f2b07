"""Median, spread and a bootstrap interval of clocked times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

RESAMPLES = 2000


def summarise(times_ns: Sequence[int], stream: np.random.Generator) -> dict:
    """-> {rounds, medianNs, ciLowNs, ciHighNs, p90Ns}: integers; the interval is the 95 % bootstrap of the median."""
    if not times_ns:
        raise ValueError("no kept rounds")
    times = np.asarray(times_ns, dtype=np.int64)
    drawn = stream.integers(0, len(times), size=(RESAMPLES, len(times)))
    medians = np.median(times[drawn], axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    median = np.median(times)
    return {
        "rounds": len(times),
        "medianNs": int(median),
        "ciLowNs": int(min(low, median)),
        "ciHighNs": int(np.ceil(max(high, median))),
        "p90Ns": int(np.percentile(times, 90)),
    }


def half_width(timing: Mapping) -> float:
    """Half the 95 % interval of a summary, relative to its median."""
    return (timing["ciHighNs"] - timing["ciLowNs"]) / 2 / timing["medianNs"]
