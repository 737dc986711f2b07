"""What the judge's clock adds to a call. `PYTHONPATH=kernels python3 -B tests/bench/judge_clock.py`

An honest kernel notes with CUDA events how long the GPU worked on each call, with sleeps of known length before it. The
overhead is what the judge clocked beyond that and beyond its own copy and snapshot: the way to the worker and back, two
changes of the GPU's context, and the worker's copy of the output into its slot.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import median

from judge.clock.own_time import own_time_ns
from judge.faults import Refused
from judge_command import options, run, said
from judgement import Crowd, Judgement, closing

LIMIT = 0.005
LONG_NS = 100_000_000
LENGTHS = {"cpu": [64, 192], "cuda": [2_048, 200_000]}
SLEEPS_MS = {"cpu": [0, 1, 3, 10], "cuda": [0, 1, 3, 10, 30, 100, 300]}
DROPPED = 2
# Calls that compile: one in each slot.
PREPARING = 2
MARK = "spans in ms:"
NOTING = {
    "cuda": """class _Span:
    def __init__(self):
        self.began, self.ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.began.record()

    def end(self):
        self.ended.record()

    def ms(self):
        return self.began.elapsed_time(self.ended)
""",
    "cpu": """class _Span:
    def __init__(self):
        self.began = time.perf_counter_ns()

    def end(self):
        self.ended = time.perf_counter_ns()

    def ms(self):
        return (self.ended - self.began) / 1e6
""",
}
# All spans are told in one call of their own at the end: printing takes time.
NOTED = """_honest, _spans, _amounts = chunk_quasar, [], {amounts}


def chunk_quasar(*args, **kwargs):
    if len(_spans) == len(_amounts):
        print("{mark}", *(span.ms() for span in _spans), flush=True)
        return _honest(*args, **kwargs)
    amount = _amounts[len(_spans)]
    span = _Span()
    _spans.append(span)
    if amount:
        _delay(amount)
    returned = _honest(*args, **kwargs)
    span.end()
    return returned
"""


@dataclass(frozen=True)
class Row:
    """Medians in ns over the calls of one sleep at one length; `overhead` is the median of the calls' own."""

    length: int
    sleep_ms: float
    calls: int
    clocked: int
    own: int
    span: int
    overhead: int

    @property
    def part(self) -> float:
        return self.overhead / self.clocked


def row(length: int, sleep_ms: float, clocked: list[int], spans: list[int], own: int) -> Row:
    over = [call - own - span for call, span in zip(clocked, spans, strict=True)]
    return Row(length, sleep_ms, len(over), int(median(clocked)), own, int(median(spans)), int(median(over)))


def misses(rows: list[Row]) -> list[str]:
    long = [r for r in rows if r.clocked >= LONG_NS]
    missed = [
        f"{r.part:.3%} of a call of {r.clocked / 1e6:.0f} ms at {r.length} tokens (at most {LIMIT:.1%})"
        for r in long
        if not r.part <= LIMIT
    ]
    return missed if long else ["no call took 100 ms"]


def spans_ns(log: str) -> list[int]:
    """What our own kernel told; nobody else's log is ever read like this."""
    line = next((line for line in log.splitlines() if line.startswith(MARK)), None)
    if line is None:
        raise Refused(f"the worker did not tell its spans: {log[-1000:]}")
    return [round(float(ms) * 1e6) for ms in line.removeprefix(MARK).split()]


def clock(crowd: Crowd, length: int, sleeps_ms: list[float], turns: int) -> list[Row]:
    """Every sleep once a turn, so that whatever drifts meets them all alike; the first turns do not count."""
    kind = crowd.device.kind
    own = own_time_ns(crowd.device.torch, length)
    plan = [sleep for _ in range(DROPPED + turns) for sleep in sleeps_ms]
    per_ms = crowd.delay_per_ns() * 1e6
    amounts = [0] * PREPARING + [round(sleep * per_ms) for sleep in plan]
    kernel = crowd.variant(f"{NOTING[kind]}\n\n{NOTED.format(amounts=amounts, mark=MARK)}")
    judgement = Judgement(kernel, length)
    with closing([judgement]):
        judgement.prepare()
        said(f"{length} tokens: the worker is prepared, {len(plan)} calls follow")
        calls, clocked = judgement.calls, []
        for number in range(len(plan) + 1):  # in the last one the worker tells
            input_class = calls.classes[number % len(calls.classes)]
            inputs = calls.make(input_class, 0, f"clock/{number}")
            crowd.device.settle()
            call = calls.session.call(number % 2, inputs, f"clock/{number}")
            clocked.append(call.ns)
            if number < len(sleeps_ms):
                judgement.gates.output("timed", calls.errors(inputs, call.outputs["o"]), input_class, length)
                judgement.gates.raise_first_failure()
        judgement.end()
    spans = spans_ns(judgement.close())[PREPARING:]
    every, first = len(sleeps_ms), DROPPED * len(sleeps_ms)
    return [
        row(length, sleep, clocked[first + i : len(plan) : every], spans[first + i :: every], own)
        for i, sleep in enumerate(sleeps_ms)
    ]


def report(rows: list[Row]) -> None:
    print(" tokens  sleep ms  calls    clocked ms   own ms     worker ms  overhead ms  of the call")
    for r in rows:
        times = f"{r.clocked / 1e6:13.3f} {r.own / 1e6:8.3f} {r.span / 1e6:13.3f} {r.overhead / 1e6:12.3f}"
        print(f"{r.length:7} {r.sleep_ms:9g} {r.calls:6} {times} {r.part:12.3%}")


def bench(crowd: Crowd, arguments) -> list[str]:
    rows: list[Row] = []
    for length in arguments.length or LENGTHS[arguments.device]:
        rows += clock(crowd, length, SLEEPS_MS[arguments.device], arguments.turns)
    missed = misses(rows)
    if arguments.json:
        print(json.dumps({"rows": [{**asdict(r), "part": r.part} for r in rows], "missed": missed}))
    else:
        report(rows)
    return missed


def main() -> int:
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--length", type=int, nargs="+", help="tokens (default: 2,048 and 200,000; 64, 192 on the CPU)")
    parser.add_argument("--turns", type=int, default=20, help="calls of each sleep that count")
    return run(parser.prog, parser.parse_args(), bench)


if __name__ == "__main__":
    raise SystemExit(main())
