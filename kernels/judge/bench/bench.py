"""`bench`: the judge on one's own tree. The same gates and clock as a runner's, no claim, nothing that ranks."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from judge import host, logit_option, upstream, verdict
from judge.bench import fork
from judge.evaluate import judge_claim
from judge.faults import Fault, Refused
from judge.progress import Bar, Progress
from judge.result import Record, write
from judge.sandbox import sandbox
from judge.table import printable, table
from judge.task import Task, load_task

USAGE = 2
MIB = 1024 * 1024


def add_command(commands) -> None:
    command = commands.add_parser("bench", help="judge your own checkout")
    command.add_argument("--path", "--repo-path", type=Path, required=True, help="checkout of your fork")
    command.add_argument("--task", default="quasar")
    command.add_argument("--seq-len", type=int, nargs="+", action="extend", metavar="N", default=[])
    mode = command.add_mutually_exclusive_group()
    mode.add_argument("--full", action="store_true", help="the task's lengths and the target of your quasar.yml")
    mode.add_argument("--max-length", action="store_true", help="find the longest target that fits the memory")
    mode.add_argument("--profile", type=Path, metavar="DIR", help="write a table of kernels to DIR instead of judging")
    mode.add_argument("--sanitize", choices=["memcheck", "racecheck", "initcheck", "synccheck"])
    command.add_argument("--device", choices=["cpu", "cuda"])
    command.add_argument("--upstream", type=Path, help="directory with exactly the pinned tree (default: fetched once)")
    command.add_argument("--json", action="store_true", help="print the result record")
    command.add_argument("--out", type=Path, metavar="FILE", help="write the result record, for `verify`")
    command.add_argument("--no-sandbox", action="store_true", help="your own tree only: marked, never ranks")
    logit_option.add_option(command)
    command.add_argument("--commit", default="unknown")
    command.set_defaults(command=bench)


def bench(arguments: argparse.Namespace) -> int:
    task = load_task(arguments.task)
    device = arguments.device or task.device
    problem = _wrong_use(arguments, task, device)
    if problem:
        print(f"quasar-judge: {problem}", file=sys.stderr)
        return USAGE
    files = fork.files_of(task, arguments.path)
    pinned = task.upstream
    tree = arguments.upstream or upstream.cached_upstream(pinned["url"], pinned["commit"], pinned["tree"])
    if arguments.no_sandbox:
        print("quasar-judge: --no-sandbox: the kernel runs with your own rights; the result is marked", file=sys.stderr)
    elif not arguments.sanitize:
        _require_sandbox()
    if arguments.profile or arguments.sanitize:
        return _alone(arguments, task, files, tree, device)
    if arguments.max_length:
        return _max_length(arguments, task, files, tree, device)
    lengths = arguments.seq_len or task.data["lengths"]
    if arguments.full:
        lengths = [*task.data["lengths"], _target(arguments, task, files, tree, device)]
    elif not arguments.seq_len and device == "cuda":
        lengths = [*lengths, fork.named_target(task, arguments.path) or task.data["targetLengths"]["min"]]
    return _judge(arguments, task, files, tree, device, lengths)


def _wrong_use(arguments: argparse.Namespace, task: Task, device: str) -> str | None:
    """What is wrong with the options, None when nothing is."""
    if arguments.seq_len and (arguments.full or arguments.max_length):
        return f"{'--full' if arguments.full else '--max-length'} chooses the lengths itself: leave --seq-len out"
    if device == "cuda":
        return cuda_problem()
    if task.device == "cuda" and (arguments.full or arguments.max_length):
        return (
            f"task {task.name} is for a GPU, and its lengths take days in an interpreter: run this with --device cuda, "
            "or check on the CPU with --seq-len 512"
        )
    if arguments.sanitize:
        return "--sanitize looks at GPU kernels: run it on a machine with a GPU, with --device cuda"
    return None


def cuda_problem() -> str | None:
    """Why PyTorch cannot use a GPU here, and what to do; None when it can."""
    with host.loading():
        import torch

    if torch.cuda.is_available():
        return None
    if torch.version.cuda is None:
        why = f"PyTorch {torch.__version__} is a build without CUDA: install one that has it (pip install torch)"
    else:
        why = "PyTorch finds no GPU: `nvidia-smi` must list one, and CUDA_VISIBLE_DEVICES must not hide it"
    return f"no CUDA device that this judge can use. {why}; or run with --device cpu."


def _require_sandbox() -> None:
    try:
        sandbox.require_tools()
    except Refused as refused:
        raise Refused(f"{refused}\nOr run your own code with your own rights: --no-sandbox.") from refused


def _judge(arguments, task: Task, files: dict[str, bytes], tree: Path, device: str, lengths: list[int]) -> int:
    claim = fork.claim_of(task, files, lengths)
    record = Record(judge_commit=arguments.commit)
    bar = Bar()
    boxed, weights = not arguments.no_sandbox, arguments.logit_weights
    result = judge_claim(claim, tree, record, Progress(bar), boxed, device, weights)
    bar.close()
    if arguments.out:
        write(result, arguments.out)
    print(json.dumps(result, allow_nan=False, indent=1) if arguments.json else table(result, task.data))
    return verdict.EXIT_CODES[result["verdict"]["status"]]


def _target(arguments, task: Task, files: dict[str, bytes], tree: Path, device: str) -> int:
    """The checkout's own target length, else the longest of the task that fits."""
    named = fork.named_target(task, arguments.path)
    if named:
        return named
    found = _longest(arguments, task, files, tree, device)
    if found < task.data["targetLengths"]["min"]:
        raise Refused(
            f"targets begin at {task.data['targetLengths']['min']} tokens, and the longest that fits this machine's "
            f"memory is {found}: give lengths up to that with --seq-len"
        )
    if found < task.data["targetLengths"]["max"]:
        print(f"the longest target that fits this machine's memory is {found}: it is timed", file=sys.stderr)
    return found


def _longest(arguments, task: Task, files: dict[str, bytes], tree: Path, device: str) -> int:
    # The model of an evaluation: a real one takes more memory than the task's own.
    weights = logit_option.directory(arguments.logit_weights, os.environ, device)
    with host.loading():
        from judge.bench.longest import fits_memory, longest
        from judge.device import open_device
        from judge.workbench import Workbench

    opened, boxed = open_device(device, alone=False), not arguments.no_sandbox
    workbench = Workbench(task, tree, files, opened, boxed, weights)

    def fits(length: int) -> bool:
        print(f"{length:>9} tokens: ", end="", file=sys.stderr, flush=True)
        try:
            found = fits_memory(workbench, length)
        except Fault:
            print("failed", file=sys.stderr)
            raise
        print("fits" if found else "does not fit", file=sys.stderr)
        return found

    try:
        return longest(fits, task.data["targetLengths"]["max"])
    except Fault as fault:
        log = "".join(f"\n  | {printable(line)}" for line in workbench.log.strip().splitlines()[-15:])
        raise Refused(f"the kernel does not run: {fault}{log}") from fault


def _max_length(arguments, task: Task, files: dict[str, bytes], tree: Path, device: str) -> int:
    found = _longest(arguments, task, files, tree, device)
    limits = task.data["targetLengths"]
    if arguments.json:
        print(json.dumps({"task": task.name, "device": device, "maxLength": found, "targetLengths": limits}))
        return 0
    print(f"longest target that fits: {found} tokens")
    if found < limits["min"]:
        print(f"targets begin at {limits['min']}: this machine cannot run one, a runner with more memory can")
    return 0


def _alone(arguments, task: Task, files: dict[str, bytes], tree: Path, device: str) -> int:
    with host.loading():
        from judge.bench import profile, sanitize
        from judge.device import open_device

    length = max(arguments.seq_len, default=None)
    if arguments.profile:
        opened = open_device(device, alone=False)
        return profile.profile(task, tree, files, opened, length, arguments.profile, boxed=not arguments.no_sandbox)
    if not arguments.no_sandbox:
        print(f"quasar-judge: {sanitize.NEEDS_NO_SANDBOX}", file=sys.stderr)
        return USAGE
    return sanitize.sanitize(task, tree, files, open_device(device, alone=False), arguments.sanitize, length)
