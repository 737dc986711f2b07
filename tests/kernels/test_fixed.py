from __future__ import annotations

from itertools import accumulate, chain

import torch
from judge.clock.fixed import FixedPart
from judge.corpus.small_task import MINIATURE, small_task
from judge.keys import Keys
from judge.workplace import pinned_layer_tree


def test_the_first_runs_do_not_count_and_of_the_others_the_median_does():
    taken = [999, 998, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    ticks = accumulate(chain.from_iterable((10_000, ns) for ns in taken))
    part = FixedPart(small_task("cpu"), Keys(bytes(32)), torch.device("cpu"), None, clock=lambda: next(ticks))
    assert part.ns([64]) == {64: 5}
    assert next(ticks, None) is None


def test_the_pinned_layer_without_its_op_computes_what_the_reference_says_of_it(tmp_path):
    task = small_task("cpu")
    keys, cpu = Keys(bytes(32)), torch.device("cpu")
    pinned = FixedPart(task, keys, cpu, pinned_layer_tree(MINIATURE, task, tmp_path))
    with torch.no_grad():
        found = pinned._pinned_run(192)()[0]
        wanted = FixedPart(task, keys, cpu, None)._reference_run(192)()
    assert found.shape[-2:] == wanted.shape[-2:]
    assert (found.float() - wanted.float()).norm() < 0.01 * wanted.float().norm()
