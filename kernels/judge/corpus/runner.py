"""Judges cases of the corpus, each in a process of its own, and sees what outlives the verdict."""

from __future__ import annotations

import ctypes
import math
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from judge.corpus.cases import Case, load_cases
from judge.corpus.processes import forking
from judge.corpus.profiles import PROFILES
from judge.corpus.small_task import judge_files
from judge.task import Task

# Times the total that the task allows: only a judge that hangs reaches it.
HANGS_TOTALS = 2
# A killed process is gone in milliseconds.
REAP_SECONDS = 5.0
ALTERNATIONS = 3
# So many tricks are held against the same evaluations of their twin, made in turn with theirs.
TRICKS_A_TWIN = 8
# On a GPU, in place of the vectorised base: its thousand launches hang on the host's CPU by more than a gain would be.
GPU_TWIN = "fused_scan"
# Reasons that times or the GPU's memory give: cases that must end so need a GPU that nobody else uses.
ALONE = {"implausible", "unstable", "unsupported"}


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

    def figure(self) -> float:
        """Tokens per second at the target length; NaN where the case was not accepted."""
        if self.result is None or self.result["verdict"]["status"] != "accepted":
            return math.nan
        return self.result["measurements"][-1]["tokensPerSec"]

    def ending(self) -> str:
        """The verdict in one line."""
        verdict = {} if self.result is None else self.result["verdict"]
        return f"{self.case.name}: {self.got}: {verdict.get('detail', '')}"

    def differences(self) -> list[str]:
        """What is not as expect.json says; empty when all is."""
        expect, result = self.case.expect, self.result
        if result is None:
            return ["the judge died before it had a result"]
        verdict, stage = result["verdict"], result["progress"][-1]["stage"]
        stages, statuses = _any_of(expect["stage"]), _any_of(expect["verdict"])
        found = [f"left running: {name}" for name in self.left]
        if verdict["status"] not in statuses or verdict["reason"] not in expect["reasons"]:
            found.append(f"{verdict['status']}, {verdict['reason']}: {verdict['detail']}")
        if stage not in stages:
            found.append(f"ended in stage {stage}, not {' or '.join(stages)}")
        found += [f"no flag {flag}" for flag in expect.get("flags", []) if flag not in result["flags"]]
        if expect.get("log", "") not in result["untrusted"]["log"]:
            found.append(f"the log lacks {expect['log']!r}: the trick did not run")
        return found


@dataclass(frozen=True)
class Gain:
    """A case's figure over its honest twin's: 0 where it got none, for a reason that it lists.

    NaN where an evaluation of either did not end as it must. `notes`: what was refused, and what was not as it must be.
    """

    case: Case
    ratio: float
    notes: list[str]


@dataclass(frozen=True)
class Runner:
    """Judges cases by the task of a profile, each in a process of its own, `jobs` at a time."""

    device: str
    upstream: Path
    jobs: int = 1
    profile: str = "short"

    def judge(self, cases: Sequence[Case]) -> Iterator[Outcome]:
        """-> outcomes as cases end; on a GPU those that times or its memory decide come last, one by one."""
        context = forking()
        last = [case for case in cases if self.device == "cuda" and _needs_the_gpu_alone(case)]
        with ThreadPoolExecutor(max_workers=self.jobs) as pool:
            running = [pool.submit(self._outcome, context, case) for case in cases if case not in last]
            yield from (done.result() for done in as_completed(running))
        for case in last:
            yield replace(self, jobs=1)._outcome(context, case)

    def gains(self, cases: Sequence[Case]) -> Iterator[Gain]:
        """-> each case that must gain nothing, by medians of evaluations that alternate with those of its twin."""
        every = {case.name: case for case in load_cases()}
        tricks: dict[str, list[Case]] = {}
        for case in cases:
            if case.expect["gain"] != "none":
                continue
            if self.device == "cuda" and case.expect["twin"] == "miniature":
                case = case.over(GPU_TWIN)
            tricks.setdefault(case.expect["twin"], []).append(case)
        one_at_a_time = replace(self, jobs=1)
        for twin, of_twin in tricks.items():
            for start in range(0, len(of_twin), TRICKS_A_TWIN):
                group = of_twin[start : start + TRICKS_A_TWIN]
                found: dict[str, list[Outcome]] = {}
                for outcome in one_at_a_time.judge([every[twin], *group] * ALTERNATIONS):
                    found.setdefault(outcome.case.name, []).append(outcome)
                yield from (_gain(case, found[case.name], found[twin]) for case in group)

    def _outcome(self, context, case: Case) -> Outcome:
        began = time.monotonic()
        task = PROFILES[self.profile](self.device, **case.expect.get("limits", {}))
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_judge_case, args=(case, task, self, sender))
        process.start()
        sender.close()
        try:
            result, left = receiver.recv() if receiver.poll(HANGS_TOTALS * task.limits["totalSeconds"]) else (None, [])
        except EOFError:
            result, left = None, []
        process.kill()
        process.join()
        return Outcome(case, result, left, time.monotonic() - began)


def _gain(case: Case, tricks: list[Outcome], twins: list[Outcome]) -> Gain:
    every = [*tricks, *twins]
    figures = [o.figure() for o in tricks if not math.isnan(o.figure())]
    if any(o.differences() for o in every):
        ratio = math.nan
    else:
        ratio = (median(figures) if figures else 0.0) / median(o.figure() for o in twins)
    return Gain(case, ratio, [note for o in every for note in _notes(o)])


def _notes(outcome: Outcome) -> list[str]:
    wrong = [f"{outcome.case.name}: {line}" for line in outcome.differences()]
    return wrong or ([outcome.ending()] if math.isnan(outcome.figure()) else [])


def _needs_the_gpu_alone(case: Case) -> bool:
    reasons = {*case.expect["reasons"]}
    return bool(ALONE & reasons) and "accepted" not in reasons


def _any_of(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _judge_case(case: Case, task: Task, runner: Runner, sender) -> None:
    set_child_subreaper = 36
    # What a worker leaves behind becomes a child of this process, and so is seen.
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)
    files = case.files(runner.upstream, task.data["targetFiles"])
    result = judge_files(files, task, runner.upstream, alone=runner.jobs == 1)
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
