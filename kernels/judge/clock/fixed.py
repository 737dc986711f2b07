"""The fixed part of the layer: all but the op, timed by the judge itself before a worker touches the device."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from judge.clock.stopwatch import taken_ns
from judge.keys import Keys
from judge.op_calls import OpShape
from judge.task import Task

HIDDEN = 512
REPEATS, DROPPED = 9, 2
# Cycles for which a GPU is busy before it begins: about 10 ms, in which all launches of a run are queued.
QUEUED_CYCLES = 20_000_000
LAYER = "fla.layers.quasar"


class FixedPart:
    """Times the fixed part by length. On a GPU it is the pinned upstream's own layer, with the op left out."""

    def __init__(self, task: Task, keys: Keys, device: torch.device, pinned: Path | None, clock=time.monotonic_ns):
        """`pinned`: a directory with the pinned layer and no op; needed on a GPU."""
        self._reference = task.reference()
        self._keys, self._device, self._clock = keys, device, clock
        self._layer_class = None if pinned is None else _pinned_layer(pinned)

    def ns(self, lengths: list[int]) -> dict[int, int]:
        """Median of REPEATS runs of each length, after DROPPED that do not count."""
        run = self._reference_run if self._layer_class is None else self._pinned_run
        return {length: self._median(run(length)) for length in lengths}

    def _drawn(self, length: int) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        generator = torch.Generator().manual_seed(self._keys.seed(f"fixed/{length}"))
        shape = OpShape(length)
        weights = self._reference.layer_weights(generator, HIDDEN, shape.heads, shape.head_dim)
        weights = {name: w.to(self._device, torch.bfloat16) for name, w in weights.items()}
        on_device = torch.Generator(self._device).manual_seed(self._keys.seed(f"fixed/x/{length}"))
        x = torch.randn(1, length, HIDDEN, generator=on_device, device=self._device, dtype=torch.bfloat16)
        return weights, x

    def _reference_run(self, length: int) -> Callable[[], object]:
        weights, x = self._drawn(length)
        return lambda: self._reference.fixed_part(weights, x, OpShape(length).heads)

    def _pinned_run(self, length: int) -> Callable[[], object]:
        weights, x = self._drawn(length)
        shape = OpShape(length)
        with self._device:
            layer = self._layer_class(
                hidden_size=HIDDEN, head_dim=shape.head_dim, num_heads=shape.heads, use_short_conv=True
            )
        layer = layer.to(torch.bfloat16).eval()
        layer.load_state_dict(weights)
        return lambda: layer(x)

    def _median(self, run: Callable[[], object]) -> int:
        times = [self._timed(run) for _ in range(DROPPED + REPEATS)]
        return sorted(times[DROPPED:])[REPEATS // 2]

    def _timed(self, run: Callable[[], object]) -> int:
        """As calls are timed: on a GPU its own time, of work that was queued before."""
        if self._device.type == "cuda":
            torch.cuda._sleep(QUEUED_CYCLES)
        return taken_ns(self._device, run, clock=self._clock)


def _pinned_layer(tree: Path) -> type:
    """The pinned layer for this process, out of a tree that has no op."""
    from worker import pinned_tuning

    sys.path.insert(0, str(tree))
    try:
        pinned_tuning.keep_one_configuration()
        return importlib.import_module(LAYER).QuasarAttention
    finally:
        sys.path.remove(str(tree))
        for name in [name for name in sys.modules if name.partition(".")[0] == "fla"]:
            del sys.modules[name]
