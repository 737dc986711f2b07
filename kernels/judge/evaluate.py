"""`evaluate`: a claim judged into a valid result, whatever happens."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from judge import host, logit_option, verdict
from judge.claim import Claim, read_claim
from judge.faults import Refused
from judge.progress import Progress, json_lines
from judge.result import Record, write
from judge.task import TaskError, load_task


class Terminated(BaseException):
    """Not an Exception: nothing that handles an error may take it for one."""


def add_command(commands) -> None:
    command = commands.add_parser("evaluate", help="judge a claim and write its result")
    command.add_argument("--claim", type=Path, required=True)
    command.add_argument("--upstream", type=Path, required=True, help="directory with exactly the pinned tree")
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--commit", default="unknown", help="commit of this judge, for the record")
    logit_option.add_option(command)
    command.set_defaults(command=evaluate)


def evaluate(arguments: argparse.Namespace) -> int:
    """Judges a claim. Whatever happens, a valid result is at --out when this ends."""
    signal.signal(signal.SIGTERM, _terminated)
    record = Record(judge_commit=arguments.commit)

    def work() -> None:
        try:
            claim = read_claim(arguments.claim)
            progress = Progress(json_lines(sys.stdout))
            _judge(claim, arguments.upstream, record, progress, True, None, arguments.logit_weights)
        finally:
            # The verdict is there, and has to be written.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

    result = _guarded(record, work)
    write(result, arguments.out)
    found = result["verdict"]
    print(f"{found['status']}: {found['reason']}: {found['detail']}", file=sys.stderr)
    return verdict.EXIT_CODES[found["status"]]


def judge_claim(
    claim: Claim, tree: Path, record: Record, progress: Progress, boxed: bool, device: str, logit_weights: Path | None
) -> dict:
    """-> a valid result, whatever happens."""
    return _guarded(record, lambda: _judge(claim, tree, record, progress, boxed, device, logit_weights))


def _judge(
    claim: Claim,
    tree: Path,
    record: Record,
    progress: Progress,
    boxed: bool,
    device: str | None,
    logit_weights: Path | None,
) -> None:
    """`device` None: the task's own, with nothing else on it. `logit_weights` None: what the host's variable names."""
    record.evaluation, record.nonce, record.task = claim.evaluation, claim.nonce, claim.task
    record.upstream_tree, record.target_length = claim.upstream["tree"], claim.target_length
    from judge.tree import content_digest

    record.digest = content_digest(claim.files)
    task = load_task(claim.task["name"])
    logit_weights = logit_option.directory(logit_weights, os.environ, device or task.device)
    # These load PyTorch: an unknown task is refused at once.
    with host.loading():
        from judge.device import open_device
        from judge.evaluation import Evaluation

    own = open_device(device, alone=False) if device else None
    Evaluation(claim, task, tree, progress, record, boxed, own, logit_weights).run()


def _guarded(record: Record, work: Callable[[], None]) -> dict:
    """Runs `work` and returns a valid result whatever it did."""
    try:
        work()
    except (Refused, TaskError) as error:
        record.faults.append(("infra", str(error)))
    except BaseException:
        record.faults.append(("infra", traceback.format_exc()[-3000:]))
    return record.finish()


def _terminated(signum: int, frame) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated("the judge was asked to stop (SIGTERM)")
