"""Every known trick and every honest control of tests/corpus, judged as a submission is: `python -m judge.corpus`.

A case is a folder; its expect.json says what must come out. Nothing here decides a verdict: that is the Evaluation's.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from judge.claim import Claim
from judge.task import KERNELS_DIR, Task, load_task
from judge.upstream import cached_upstream

REPOSITORY = KERNELS_DIR.parent
CORPUS = REPOSITORY / "tests/corpus"
MINIATURE = REPOSITORY / "tests/fixtures/upstream"
CHUNK = "fla/ops/quasar/chunk.py"
NONCE = "ab" * 16
TASKS = {"cpu": "quasar_demo", "cuda": "quasar"}
# Far above any total that a task allows: only a judge that hangs reaches it.
HANGS_SECONDS = 900.0
# A killed process is gone in milliseconds.
REAP_SECONDS = 5.0
GAIN_LIMIT = 0.02
ALTERNATIONS = 3
REQUIRED = {"about", "stage", "verdict", "reasons", "also_with_scan_off", "devices", "scan", "gain"}
OPTIONAL = {"append", "base", "by", "flags", "limits", "log", "twin"}


@dataclass(frozen=True)
class Profile:
    """Sizes at which a whole evaluation takes moments. `gate_lengths` maps the task's lengths to ours."""

    length: int
    target: int
    rounds: int
    gate_lengths: Mapping[int, int]


PROFILES = {
    "cpu": Profile(length=128, target=192, rounds=3, gate_lengths={512: 128}),
    "cuda": Profile(length=512, target=4096, rounds=5, gate_lengths={512: 512, 2048: 2048}),
}


class CorpusError(Exception):
    """A case that cannot be read, or a run that cannot be made; the message names it."""


@dataclass(frozen=True)
class Case:
    """`name` is the folder's, such as `A05_early_exit_import`; ids are shared by the variants of one trick."""

    name: str
    folder: Path
    expect: dict

    @property
    def id(self) -> str:
        return self.name.split("_", 1)[0]

    def files(self, upstream: Path, targets: Sequence[str]) -> dict[str, bytes]:
        """The submission: the base's target files with the folder's laid over them."""
        base = upstream if self.expect.get("base") == "upstream" else MINIATURE
        files = {path: (base / path).read_bytes() for path in targets}
        for file in sorted(self.folder.rglob("*")):
            path = file.relative_to(self.folder).as_posix()
            if not file.is_file() or path == "expect.json":
                continue
            joined = self.expect.get("append") and path == CHUNK
            files[path] = files[path] + b"\n\n" + file.read_bytes() if joined else file.read_bytes()
        return files


def load_cases(only: Sequence[str] = (), corpus: Path = CORPUS) -> list[Case]:
    """Cheats and honest controls in order of name; `only` keeps those with such an id or name."""
    cases = [_read_case(file) for file in sorted(corpus.glob("*/*/expect.json"))]
    names = {case.name for case in cases}
    twins = [case for case in cases if case.expect.get("twin", case.name) not in names]
    if twins:
        raise CorpusError(f"{twins[0].folder}/expect.json: there is no case {twins[0].expect['twin']}")
    unknown = [name for name in only if name not in names and name not in {case.id for case in cases}]
    if unknown:
        raise CorpusError(f"no case has the id or name {unknown[0]!r}: see {corpus}")
    return [case for case in cases if not only or case.name in only or case.id in only]


def _read_case(file: Path) -> Case:
    try:
        expect = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise CorpusError(f"{file}: {error}") from error
    missing, unknown = REQUIRED - expect.keys(), expect.keys() - REQUIRED - OPTIONAL
    if missing or unknown:
        raise CorpusError(f"{file}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    if set(expect["devices"]) - TASKS.keys() or not (expect["devices"] or expect.get("by")):
        raise CorpusError(f"{file}: `devices` are of {sorted(TASKS)}, or none where `by` names the tests that judge it")
    return Case(file.parent.name, file.parent, expect)


def small_task(device: str = "cpu", **limits) -> Task:
    """The device's task at lengths that take moments and a few kept rounds a class; `limits` replace the worker's."""
    task, profile = load_task(TASKS[device]), PROFILES[device]
    gates = [
        {**gate, "length": profile.gate_lengths[gate["length"]]}
        for gate in task.data["gates"]
        if gate["length"] in profile.gate_lengths
    ]
    few = {"minRoundsPerClass": profile.rounds, "minRounds": profile.rounds, "maxSeconds": 60, "ownNs": {}}
    timing = {kind: {**rules, **few} for kind, rules in task.data["timing"].items()}
    worker = {**task.data["worker"], "limits": {**task.limits, **limits}}
    return Task({**task.data, "gates": gates, "timing": timing, "worker": worker}, task.family)


def claim_of(task: Task, files: dict[str, bytes]) -> Claim:
    """A claim on the small task, as the App would hand it over."""
    profile = PROFILES[task.device]
    identity, seconds = task.identity(), task.limits["totalSeconds"]
    return Claim(7, NONCE, identity, task.upstream, (profile.length,), profile.target, files, seconds)


def judge_files(files: dict[str, bytes], task: Task, upstream: Path, boxed: bool = True) -> dict:
    """-> the ordinary Evaluation's result, and its progress lines under `progress`."""
    from judge.evaluation import Evaluation
    from judge.progress import Progress
    from judge.result import Record

    record = Record(evaluation=7, nonce=NONCE, task=task.identity(), target_length=PROFILES[task.device].target)
    record.upstream_tree = task.data["upstream"]["tree"]
    lines: list[dict] = []
    Evaluation(claim_of(task, files), task, upstream, Progress(lines.append), record, boxed).run()
    return {**record.finish(), "progress": lines}


def upstream_for(device: str, place: Path, given: Path | None = None) -> Path:
    """The pinned tree: the miniature copied to `place` on the CPU, else the directory given or the host's cache."""
    if given is not None:
        return given
    if device == "cpu":
        copied = place / "upstream"
        shutil.copytree(MINIATURE, copied, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        return copied
    pinned = load_task(TASKS[device]).upstream
    return cached_upstream(pinned["url"], pinned["commit"], pinned["tree"])


@dataclass(frozen=True)
class Outcome:
    """One judged case. `result` is None where the judge itself died; `left` are processes that outlived the verdict."""

    case: Case
    result: dict | None
    left: list[str]
    seconds: float

    @property
    def got(self) -> str:
        if self.result is None:
            return "the judge died"
        return f"{self.result['verdict']['reason']} in {self.result['progress'][-1]['stage']}"

    @property
    def target_tokens_per_sec(self) -> float:
        """The figure at the target length. Raises CorpusError where there is none."""
        found = [m["tokensPerSec"] for m in (self.result or {"measurements": []})["measurements"]]
        if not found or self.result["verdict"]["status"] != "accepted":
            raise CorpusError(f"{self.case.name} has no figure: {self.got}")
        return found[-1]

    def differences(self) -> list[str]:
        """What is not as expect.json says; empty when all is."""
        expect, result = self.case.expect, self.result
        if result is None:
            return ["the judge died before it had a result"]
        verdict, stage = result["verdict"], result["progress"][-1]["stage"]
        stages = expect["stage"] if isinstance(expect["stage"], list) else [expect["stage"]]
        found = [f"left running: {name}" for name in self.left]
        if verdict["status"] != expect["verdict"] or verdict["reason"] not in expect["reasons"]:
            found.append(f"{verdict['status']}, {verdict['reason']}: {verdict['detail']}")
        if stage not in stages:
            found.append(f"ended in stage {stage}")
        found += [f"no flag {flag}" for flag in expect.get("flags", []) if flag not in result["flags"]]
        if expect.get("log", "") not in result["untrusted"]["log"]:
            found.append(f"the log lacks {expect['log']!r}: the trick did not run")
        return found


def judge_cases(cases: Sequence[Case], device: str, upstream: Path, jobs: int = 1) -> Iterator[Outcome]:
    """Judges every case in a process of its own, `jobs` at a time; outcomes in the order of the cases."""
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["judge.evaluation"])  # torch is imported once, not once a case

    def judged(case: Case) -> Outcome:
        began = time.monotonic()
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_judge_case, args=(case, device, upstream, sender))
        process.start()
        sender.close()
        try:
            result, left = receiver.recv() if receiver.poll(HANGS_SECONDS) else (None, [])
        except EOFError:
            result, left = None, []
        process.kill()
        process.join()
        return Outcome(case, result, left, time.monotonic() - began)

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(judged, cases)


def _judge_case(case: Case, device: str, upstream: Path, sender) -> None:
    import ctypes

    set_child_subreaper = 36
    # What a worker leaves behind becomes a child of this process, and so is seen.
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)
    task = small_task(device, **case.expect.get("limits", {}))
    result = judge_files(case.files(upstream, task.data["targetFiles"]), task, upstream)
    sender.send((result, _left_running()))


def _left_running() -> list[str]:
    """Commands of the processes below this one that do not end; the dead among them are reaped."""
    ends = time.monotonic() + REAP_SECONDS
    while time.monotonic() < ends:
        try:
            reaped, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
        if not reaped:
            time.sleep(0.01)
    pids = [pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
    return [Path("/proc", pid, "comm").read_text().strip() for pid in pids]


def compare_gains(cases: Sequence[Case], device: str, upstream: Path) -> Iterator[tuple[Case, float]]:
    """-> each case that must gain nothing with its figure over its twin's: medians of alternating evaluations."""
    twins = {case.name: case for case in load_cases()}
    for case in cases:
        if case.expect["gain"] != "none":
            continue
        pair = [case, twins[case.expect["twin"]]] * ALTERNATIONS
        figures = [outcome.target_tokens_per_sec for outcome in judge_cases(pair, device, upstream)]
        yield case, median(figures[::2]) / median(figures[1::2])


def main(argv: list[str] | None = None, out: Callable[[str], None] = print) -> int:
    """-> 0 when every case ends as its expect.json says, 1 when one does not, 2 for wrong use."""
    parser = argparse.ArgumentParser(prog="python -m judge.corpus", description=__doc__)
    parser.add_argument("--device", choices=sorted(PROFILES), default="cpu")
    parser.add_argument("--profile", choices=["short"], default="short")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="ids or names of cases")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time; figures are compared one at a time")
    parser.add_argument("--repeat", type=int, default=1, help="judge every case so many times")
    parser.add_argument("--gains", action="store_true", help="also compare figures with those of honest twins")
    parser.add_argument("--upstream", type=Path, help="directory with exactly the pinned tree")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="quasar-corpus-") as place:
        try:
            return _run(arguments, upstream_for(arguments.device, Path(place), arguments.upstream), out)
        except CorpusError as error:
            print(f"judge.corpus: {error}", file=sys.stderr)
            return 2


def _run(arguments: argparse.Namespace, upstream: Path, out: Callable[[str], None]) -> int:
    device = arguments.device
    cases = [case for case in load_cases(arguments.only) if device in case.expect["devices"]]
    different = 0
    for outcome in judge_cases(cases * arguments.repeat, device, upstream, arguments.jobs):
        found = outcome.differences()
        different += bool(found)
        out(_as_json(outcome, found) if arguments.json else _as_line(outcome, found))
    for case, ratio in compare_gains(cases, device, upstream) if arguments.gains else ():
        # On the CPU the figures of so short a run spread too widely to decide anything.
        wrong = device == "cuda" and not abs(ratio - 1) <= GAIN_LIMIT
        different += wrong
        line = {"case": case.name, "twin": case.expect["twin"], "ratio": round(ratio, 4), "wrong": wrong}
        out(json.dumps(line) if arguments.json else f"{'DIFF' if wrong else 'ok  '} gain {ratio:.4f} {case.name}")
    if not arguments.json:
        out(f"{len(cases) * arguments.repeat} judged, {different} not as expected")
    return 1 if different else 0


def _as_line(outcome: Outcome, found: list[str]) -> str:
    expected = "|".join(outcome.case.expect["reasons"])
    head = f"{'DIFF' if found else 'ok  '} {outcome.case.name:34s} {expected:24s} {outcome.got:28s}"
    return "\n     ".join([f"{head} {outcome.seconds:5.1f} s", *found])


def _as_json(outcome: Outcome, found: list[str]) -> str:
    seconds = round(outcome.seconds, 2)
    return json.dumps({"case": outcome.case.name, "seconds": seconds, "differences": found, "result": outcome.result})


if __name__ == "__main__":
    raise SystemExit(main())
