"""Does the judge say the same twice, and does it see 1 %? `PYTHONPATH=kernels python3 -B tests/bench/judge_repeat.py`

An honest kernel and the same kernel made slower on purpose are judged in turn, each time from a fresh worker, at the
target length only. Two judgements of the one in a row are a pair; neighbours of both kinds are a comparison.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median

from judge.workbench import Workbench
from judge_command import options, run, said
from judgement import Crowd, Judgement, closing

PAIR_LIMIT = 0.005
LOST_LIMIT = 0.95
LENGTHS = {"cpu": 192, "cuda": 200_000}
# Behind the op: in front of it, the GPU would only wait while the first launch is under way.
SLOWED = """_fast = chunk_quasar


def chunk_quasar(*args, **kwargs):
    returned = _fast(*args, **kwargs)
    _delay({amount})
    return returned
"""


@dataclass(frozen=True)
class Figure:
    """Of one judgement. `rate` is the official figure, `low` the end of its interval that scores, in tokens/s."""

    kernel: str
    rate: float
    low: float
    op_ns: int


def order(comparisons: int) -> list[str]:
    """Who is judged when: each comparison's two are neighbours, and turn about the one or the other comes first."""
    turns = [("honest", "slowed"), ("slowed", "honest")]
    return [kernel for i in range(comparisons) for kernel in turns[i % 2]]


def judge_in_batches(
    kernels: dict[str, Workbench], names: list[str], alive: int, length: int, fixed_ns: int
) -> Iterator[Figure]:
    """Yields figures in order. Up to `alive` workers load and compile together; they are measured one by one."""
    for start in range(0, len(names), alive):
        batch = names[start : start + alive]
        waiting: list[Judgement] = []
        with closing(waiting):
            for name in batch:
                waiting.append(Judgement(kernels[name], length))
            with ThreadPoolExecutor(max_workers=alive) as pool:
                list(pool.map(Judgement.prepare, waiting))
            said(f"{len(batch)} workers are prepared")
            for name, judgement in zip(batch, waiting, strict=True):
                measured = judgement.measure(fixed_ns)
                op_ns = max(c["medianNs"] for c in measured["classes"])
                figure = Figure(name, measured["tokensPerSec"], measured["tokensPerSecLow"], op_ns)
                rounds = sum(c["rounds"] for c in measured["classes"])
                said(f"{name} {figure.rate:12,.0f} tokens/s, low {figure.low:12,.0f}, {rounds} kept rounds")
                yield figure


def summary(figures: list[Figure]) -> dict:
    """The pairs' differences and the comparisons' outcomes, of as many as are complete; pure."""
    honest = [f for f in figures if f.kernel == "honest"]
    slowed = [f for f in figures if f.kernel == "slowed"]
    pairs = list(zip(honest[::2], honest[1::2], strict=False))
    compared = list(zip(honest, slowed, strict=False))
    return {
        "pairDifferences": [abs(a.rate / b.rate - 1) for a, b in pairs],
        "pairLowDifferences": [abs(a.low / b.low - 1) for a, b in pairs],
        "losses": [1 - slow.rate / fast.rate for fast, slow in compared],
        "lost": sum(slow.rate < fast.rate for fast, slow in compared),
        "lostByLow": sum(slow.low < fast.low for fast, slow in compared),
    }


def misses(found: dict, comparisons: int) -> list[str]:
    """The targets that were missed, for people; `comparisons`: how many were asked for."""
    missed = []
    compared, typical = len(found["losses"]), median(found["pairDifferences"] or [1.0])
    if compared < comparisons:
        missed.append(f"time for {compared} of {comparisons} comparisons only")
    if not typical <= PAIR_LIMIT:
        missed.append(f"two judgements of one kernel differ by {typical:.3%} (at most {PAIR_LIMIT:.1%})")
    if not found["lost"] >= LOST_LIMIT * compared:
        missed.append(f"the slowed kernel lost {found['lost']} of {compared} (at least {LOST_LIMIT:.0%})")
    return missed


def report(figures: list[Figure], found: dict, slower: float) -> None:
    honest = [f for f in figures if f.kernel == "honest"]
    slowed = [f for f in figures if f.kernel == "slowed"]
    pairs, lows = found["pairDifferences"], found["pairLowDifferences"]
    print("comparison        honest           low        slowed           low     loss   pair")
    for i, (fast, slow) in enumerate(zip(honest, slowed, strict=False)):
        rates = f"{fast.rate:13,.0f} {fast.low:13,.0f} {slow.rate:13,.0f} {slow.low:13,.0f}"
        pair = f" {pairs[i // 2]:7.3%}" if i % 2 else ""
        print(f"{i + 1:10} {rates} {found['losses'][i]:8.3%}{pair}")
    if pairs:
        print(f"same kernel: {len(pairs)} pairs, median difference {median(pairs):.3%} (low ends {median(lows):.3%})")
        lost = f"lost {found['lost']} of {len(found['losses'])}, by the low ends {found['lostByLow']}"
        print(f"{slower:.1%} slower: {lost}; median loss {median(found['losses']):.3%}")


def bench(crowd: Crowd, arguments) -> list[str]:
    length = arguments.length or LENGTHS[arguments.device]
    ends = time.monotonic() + arguments.seconds
    fixed_ns, delay_per_ns = crowd.fixed_ns(length), crowd.delay_per_ns()
    (first,) = judge_in_batches({"honest": crowd.honest}, ["honest"], 1, length, fixed_ns)
    delay_ns = arguments.slower * (fixed_ns + first.op_ns)
    said(f"fixed part {fixed_ns / 1e6:.3f} ms, op {first.op_ns / 1e6:.3f} ms, delay {delay_ns / 1e3:.1f} us")
    slowed = crowd.variant(SLOWED.format(amount=round(delay_ns * delay_per_ns)))
    kernels = {"honest": crowd.honest, "slowed": slowed}
    figures: list[Figure] = []
    for figure in judge_in_batches(kernels, order(arguments.comparisons), arguments.alive, length, fixed_ns):
        figures.append(figure)
        if time.monotonic() > ends:
            said("the time is up")
            break
    found = summary(figures)
    missed = misses(found, arguments.comparisons)
    unsteady = crowd.unsteady_rounds()
    if arguments.json:
        shown = {"length": length, "fixedNs": fixed_ns, "delayNs": round(delay_ns), "unsteadyRounds": unsteady}
        print(json.dumps({**shown, **found, "figures": [asdict(f) for f in figures], "missed": missed}))
    else:
        report(figures, found, arguments.slower)
        print(f"rounds on an unsteady GPU: {unsteady}")
    return missed


def main() -> int:
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--length", type=int, help="tokens (default: 200,000; 192 on the CPU)")
    parser.add_argument("--comparisons", type=int, default=20, help="an even number; half as many pairs come of them")
    parser.add_argument("--slower", type=float, default=0.01, help="by what part of the layer's time")
    parser.add_argument("--alive", type=int, default=10, help="workers that are loaded together")
    parser.add_argument("--seconds", type=float, default=1800, help="report what was reached in that time")
    arguments = parser.parse_args()
    if arguments.comparisons < 2 or arguments.comparisons % 2:
        parser.error("--comparisons takes an even number from 2")
    return run(parser.prog, arguments, bench)


if __name__ == "__main__":
    raise SystemExit(main())
