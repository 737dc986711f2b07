from __future__ import annotations

from itertools import accumulate, chain

import torch
from judge.clock.fixed import FixedPart
from judge.corpus.small_task import small_task
from judge.keys import Keys


def test_the_first_runs_do_not_count_and_of_the_others_the_median_does():
    taken = [999, 998, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    ticks = accumulate(chain.from_iterable((10_000, ns) for ns in taken))
    part = FixedPart(small_task("cpu"), Keys(bytes(32)), torch.device("cpu"), None, clock=lambda: next(ticks))
    assert part.ns([64]) == {64: 5}
    assert next(ticks, None) is None
