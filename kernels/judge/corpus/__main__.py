"""Every known trick and every honest control of tests/corpus, judged as a submission is: `python -m judge.corpus`.

A case is a folder; its expect.json says what must come out. Nothing here decides a verdict: that is the Evaluation's.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

from judge.corpus.cases import CorpusError, load_cases
from judge.corpus.processes import default_device
from judge.corpus.profiles import PROFILES
from judge.corpus.runner import Gain, Outcome, Runner
from judge.corpus.small_task import upstream_for
from judge.sandbox.scratch import Scratch

GAIN_LIMIT = 0.02


def _print(line: str) -> None:
    # At once: a run that is cut off keeps what it has found.
    print(line, flush=True)


def main(argv: list[str] | None = None, out: Callable[[str], None] = _print) -> int:
    """-> 0 when every case ends as its expect.json says, 1 when one does not, 2 for wrong use."""
    parser = argparse.ArgumentParser(prog="python -m judge.corpus", description=__doc__)
    parser.add_argument(
        "--profile", choices=PROFILES, default="short", help="short: small lengths and few rounds; full: the whole task"
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], help="without it: cuda where PyTorch sees a GPU, else cpu")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="ids or names of cases")
    parser.add_argument("--honest", action="store_true", help="the honest controls only")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time; figures are compared one at a time")
    parser.add_argument("--repeat", type=int, default=1, help="judge every case so many times")
    parser.add_argument("--gains", action="store_true", help="instead, compare figures with those of honest twins")
    parser.add_argument("--upstream", type=Path, help="directory with exactly the pinned tree")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with the whole result")
    arguments = parser.parse_args(argv)
    with Scratch.during("corpus") as place:
        try:
            device = arguments.device or default_device()
            upstream = upstream_for(device, place, arguments.upstream)
            runner = Runner(device, upstream, arguments.jobs, arguments.profile)
            return _run(runner, arguments, out)
        except CorpusError as error:
            print(f"judge.corpus: {error}", file=sys.stderr)
            return 2


def _run(runner: Runner, arguments: argparse.Namespace, out: Callable[[str], None]) -> int:
    cases = [case for case in load_cases(arguments.only) if runner.device in case.expect["devices"]]
    cases = [case for case in cases if case.honest or not arguments.honest]
    judged = different = 0
    for outcome in () if arguments.gains else runner.judge(cases * arguments.repeat):
        found = outcome.differences()
        judged, different = judged + 1, different + bool(found)
        out(_as_json(outcome, found) if arguments.json else _as_line(outcome, found))
    for gain in runner.gains(cases) if arguments.gains else ():
        # On a CPU the figures of so short a run spread too widely to decide anything.
        wrong = math.isnan(gain.ratio) or (runner.device == "cuda" and gain.ratio > 1 + GAIN_LIMIT)
        judged, different = judged + 1, different + wrong
        out(_gain_as_json(gain, wrong) if arguments.json else _gain_as_line(gain, wrong))
    if not arguments.json:
        out(f"{judged} judged, {different} not as expected")
    return 1 if different else 0


def _as_line(outcome: Outcome, found: list[str]) -> str:
    expected = "|".join(outcome.case.expect["reasons"])
    head = f"{'DIFF' if found else 'ok  '} {outcome.seconds:5.1f} s {outcome.case.name:34s} {outcome.got:26s}"
    return "\n     ".join([f"{head} want {expected}", *found] if found else [head.rstrip()])


def _gain_as_line(gain: Gain, wrong: bool) -> str:
    return "\n     ".join([f"{'DIFF' if wrong else 'ok  '} gain {gain.ratio:.4f} {gain.case.name}", *gain.notes])


def _gain_as_json(gain: Gain, wrong: bool) -> str:
    ratio = None if math.isnan(gain.ratio) else round(gain.ratio, 4)
    twin = gain.case.expect["twin"]
    return json.dumps({"case": gain.case.name, "twin": twin, "ratio": ratio, "wrong": wrong, "notes": gain.notes})


def _as_json(outcome: Outcome, found: list[str]) -> str:
    seconds = round(outcome.seconds, 2)
    return json.dumps({"case": outcome.case.name, "seconds": seconds, "differences": found, "result": outcome.result})


if __name__ == "__main__":
    raise SystemExit(main())
