"""The command line that the judge's own benchmarks share."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from judge.bench.bench import cuda_problem
from judge.faults import Refused
from judgement import Crowd

MISSED, NOTHING_MEASURED = 1, 2
BEGAN = time.monotonic()


def options(about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda", help="cpu: a rehearsal without targets")
    parser.add_argument("--kernel", help="folder of tests/corpus/honest (default: fused_scan; miniature on the CPU)")
    parser.add_argument("--upstream", type=Path, help="directory with exactly the pinned tree (default: fetched once)")
    parser.add_argument("--no-sandbox", action="store_true", help="on a machine without bubblewrap: the kernel is ours")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(name: str, arguments: argparse.Namespace, bench: Callable[[Crowd, argparse.Namespace], list[str]]) -> int:
    """-> the exit code; `bench` prints its figures and gives back the targets that were missed, for people."""
    if arguments.device == "cuda" and (problem := cuda_problem()):
        print(f"{name}: {problem}", file=sys.stderr)
        return NOTHING_MEASURED
    with tempfile.TemporaryDirectory(prefix="quasar-bench-") as place:
        try:
            crowd = Crowd(arguments.device, arguments.upstream, not arguments.no_sandbox, Path(place), arguments.kernel)
            missed = bench(crowd, arguments)
        except Refused as refused:
            print(f"{name}: nothing was found out: {refused}", file=sys.stderr)
            return NOTHING_MEASURED
    if arguments.device == "cpu":
        said("no targets on a CPU")
        return 0
    print("\n".join(f"MISSED: {line}" for line in missed) or "all targets met", file=sys.stderr)
    return MISSED if missed else 0


def said(line: str) -> None:
    print(f"{time.monotonic() - BEGAN:6.1f} s  {line}", file=sys.stderr, flush=True)
