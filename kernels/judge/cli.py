"""`quasar-judge`: evaluate a claim, bench a local tree, verify a result, calibrate a task, and what these need."""

from __future__ import annotations

import argparse
import sys
import traceback

from judge import evaluate, upstream
from judge.bench import bench
from judge.calibrate import calibrate
from judge.faults import Refused
from judge.task import TaskError, load_task
from judge.verify import verify

REFUSED = 3


def main(argv: list[str] | None = None) -> int:
    """-> exit code: 0 accepted or done, 1 rejected or different, 2 usage, 3 inconclusive or refused."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except (Refused, TaskError) as error:
        print(f"quasar-judge: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("quasar-judge: stopped", file=sys.stderr)
        return REFUSED
    except Exception:
        # Python's own exit code for this is 1, which would read as a rejection.
        traceback.print_exc()
        return REFUSED


def get_upstream(arguments: argparse.Namespace) -> int:
    print(upstream.cached_upstream(arguments.url, arguments.commit, arguments.tree))
    return 0


def probe_sandbox(arguments: argparse.Namespace) -> int:
    from judge.sandbox import probe

    task = load_task(arguments.task)
    gpu = None
    if (arguments.device or task.device) == "cuda":
        if (problem := bench.cuda_problem()) is None:
            from judge.device import open_device

            gpu = open_device("cuda", alone=False).files
        elif arguments.device:
            raise Refused(problem)
    text, good = probe.matrix(task, gpu)
    print(text)
    return 0 if good else REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quasar-judge", description=__doc__)
    commands = parser.add_subparsers(required=True)

    evaluate.add_command(commands)
    bench.add_command(commands)
    verify.add_command(commands)
    calibrate.add_command(commands)

    command = commands.add_parser("upstream", help="print the directory of the pinned upstream, fetched once")
    command.add_argument("--url", required=True)
    command.add_argument("--commit", required=True)
    command.add_argument("--tree", required=True)
    command.set_defaults(command=get_upstream)

    command = commands.add_parser("probe", help="try what a hostile kernel would try, and print what was stopped")
    command.add_argument("--task", default="quasar")
    command.add_argument("--device", choices=["cpu", "cuda"], help="default: the task's, where PyTorch can use it")
    command.set_defaults(command=probe_sandbox)
    return parser
