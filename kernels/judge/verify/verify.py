"""`verify`: does a result record hold together, and does its kernel give the same again?"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from judge import host, logit_option, upstream
from judge.faults import Refused
from judge.keys import Keys
from judge.progress import Bar, Progress
from judge.task import Task, load_task
from judge.verify import recheck
from judge.verify.recheck import Plan, Step

DIFFERENT = 1
MARKS = {True: "ok", False: "differs", None: "not compared"}
MOST_BYTES = 16 * 1024 * 1024
DESCRIPTION = """Checks a result record, and with --path runs its kernel again.

From the record alone: its form and task; that the key is the one that was committed to; that rounds and input classes
are those that the key draws; that every gate passed or failed as its recorded value and limit say, and that the limits
of op and state errors are the task's; that figures follow from the recorded times, and the verdict from all this.

Not checked without --path: that the kernel reached the recorded gate values, and gave the outputs of the recorded
digests. Inputs are drawn from the key once more, the first of each length, and looked at for being finite only: their
sha256 is printed, for comparison with another host's, because the record has none.

With --path these gates and outputs are made again and compared, outputs bit by bit on the same kind of board with the
same versions. Times are never measured again: they are the word of the judge that made the record."""
NOT_RUN = "; not run without --path: the kernel, so gate values, outputs and times are as recorded"


def add_command(commands) -> None:
    command = commands.add_parser(
        "verify",
        help="check a result record, and run its kernel again",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("result", type=Path, metavar="RESULT.json")
    command.add_argument("--path", type=Path, help="checkout with the five files: runs them again on the same inputs")
    command.add_argument("--upstream", type=Path, help="directory with exactly the pinned tree (default: fetched once)")
    command.add_argument("--device", choices=["cpu", "cuda"], help="default: the record's")
    command.add_argument("--json", action="store_true", help="print the steps as JSON")
    command.add_argument("--no-sandbox", action="store_true", help="your own tree only: it runs with your own rights")
    logit_option.add_option(command)
    command.set_defaults(command=verify)


def verify(arguments: argparse.Namespace) -> int:
    """-> 0 when every step agrees, 1 when one differs. Raises Refused when it cannot be looked at."""
    result = _read(arguments.result)
    steps: list[Step] = []

    def say(step: Step) -> bool:
        steps.append(step)
        if not arguments.json:
            print(f"{MARKS[step.agrees]:<12}  {step.name}: {step.detail}", flush=True)
        return step.agrees is not False

    if say(recheck.schema(result)):
        task = load_task(result["task"]["name"])
        plans = _offline(result, task, say)
        if plans is not None:
            for step in _inputs(result, task, plans, arguments.device):
                say(step)
            if arguments.path is not None:
                for step in _again(arguments, result, task, plans):
                    say(step)
    agrees = all(step.agrees is not False for step in steps)
    if arguments.json:
        print(json.dumps({"agrees": agrees, "steps": [vars(step) for step in steps]}, indent=1))
    else:
        print(f"the record holds{'' if arguments.path else NOT_RUN}" if agrees else "the record does not hold")
    return 0 if agrees else DIFFERENT


def _read(path: Path) -> object:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Refused(f"{path} has more than {MOST_BYTES} bytes: it is no result record")
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"cannot read the result {path}: {error}") from error


def _offline(result: dict, task: Task, say: Callable[[Step], bool]) -> dict[int, Plan] | None:
    """The steps that run nothing -> plans by length, None when the record is of another task or key."""
    if not all([say(recheck.task(result, task)), say(recheck.commitment(result))]):
        return None
    say(recheck.gates_follow(result, task))
    played = list(recheck.plans(result, task))
    secret_lengths = {length for _, length, plan in played if plan is not None and plan.run == "secret"}
    say(recheck.verdict_follows(result, task, secret_lengths))
    for step in recheck.figures(result):
        say(step)
    plans = {}
    for step, length, plan in played:
        say(step)
        if plan is not None:
            plans[length] = plan
    return plans


def _inputs(result: dict, task: Task, plans: dict[int, Plan], kind: str | None) -> Iterator[Step]:
    """The first round's inputs of every length, drawn again from the key: equal bytes on every device.

    A record holds no digest of inputs: who has another host's prints compares them by eye.
    """
    import hashlib

    with host.loading():
        import torch

        from judge.op_calls import OpShape, Oracle

    keys = Keys(bytes.fromhex(result["key"]["value"]))
    use_gpu = kind != "cpu" and torch.cuda.is_available()
    device = torch.device("cuda" if use_gpu else "cpu")
    for length, plan in sorted(plans.items()):
        oracle = Oracle(keys, plan.run, {0: OpShape(length)}, task, device)
        drawn = oracle.make(plan.rounds[0].input_class, 0, f"{length}/0")
        digest = hashlib.sha256()
        for tensor in drawn:
            digest.update(tensor.contiguous().cpu().view(-1).view(torch.uint8).numpy())
        detail = f"round 0 is {plan.rounds[0].input_class}, sha256 {digest.hexdigest()}"
        yield Step(f"inputs at {length}", bool(torch.isfinite(drawn[0]).all()), detail)


def _again(arguments: argparse.Namespace, result: dict, task: Task, plans: dict[int, Plan]) -> Iterator[Step]:
    """The kernel once more; where digests differ, once again, to tell another kernel from an unsteady one."""
    from judge.bench import fork
    from judge.bench.bench import cuda_problem
    from judge.device import open_device
    from judge.tree import content_digest
    from judge.verify import replay

    files = fork.files_of(task, arguments.path)
    digest = content_digest(files)
    yield Step("files", digest == result["digest"], f"content digest {digest}, recorded {result['digest']}")
    if digest != result["digest"]:
        return
    kind = arguments.device or result["device"]["kind"]
    if kind == "cuda" and (problem := cuda_problem()):
        raise Refused(problem)
    pinned = task.upstream
    place = arguments.upstream or upstream.cached_upstream(pinned["url"], pinned["commit"], pinned["tree"])
    weights = logit_option.for_record(result, arguments.logit_weights, os.environ, kind)
    device = open_device(kind, alone=False)
    played = replay.task_as_played(task, result["device"]["kind"], plans)
    lengths = sorted({*plans, *(m["length"] for m in result["measurements"])}) or task.data["lengths"]
    keys = Keys(bytes.fromhex(result["key"]["value"]))

    def once() -> replay.Replayed:
        bar = Bar()
        try:
            boxed = not arguments.no_sandbox
            return replay.replay(played, place, files, device, keys, lengths, Progress(bar), boxed, weights)
        finally:
            bar.close()

    other = replay.same_board(result, device)
    first = once()
    yield replay.compare_reason(result, first)
    yield replay.compare_gates(result, first, other)
    unequal, both = replay.unequal(result["outputs"], first.outputs)
    if other is not None:
        yield Step("outputs", None, f"{other}: digests not compared")
    elif not unequal:
        yield Step("outputs", True if both else None, f"{both} of {len(result['outputs'])} digests are the same bits")
    else:
        unsteady, _ = replay.unequal(first.outputs, once().outputs)
        if set(unequal) <= set(unsteady):
            detail = (
                "this kernel's answers differ in their last bits from run to run: its gates are what can be compared"
            )
            yield Step("outputs", None, detail)
        else:
            print(f"first: {unequal[0]}", file=sys.stderr)
            yield Step("outputs", False, f"{len(unequal)} of {both} digests are of other bits")
