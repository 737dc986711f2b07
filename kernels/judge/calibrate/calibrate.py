"""`calibrate`: runs the pinned upstream as a submission, and writes the limits and the clock's own times it gives."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from judge import upstream
from judge.calibrate import limits, task_file
from judge.faults import Fault, Refused
from judge.table import aligned, printable
from judge.task import CALIBRATED, KERNELS_DIR, Task, load_task

if TYPE_CHECKING:
    from judge.calibrate.upstream_errors import UpstreamErrors
    from judge.device import Device

DIFFERENT = 1
# A clock's own time may differ by this part and this much between two runs on one board.
OWN_NOISE, OWN_NOISE_NS = 0.25, 50_000


def add_command(commands) -> None:
    command = commands.add_parser("calibrate", help="write a task's limits from its pinned upstream")
    command.add_argument("--task", default="quasar")
    command.add_argument("--device", choices=["cpu", "cuda"], help="default: the task's")
    command.add_argument("--upstream", type=Path, help="directory with exactly the pinned tree (default: fetched once)")
    command.add_argument("--seeds", type=int, default=3, help="draws of every class and length")
    command.add_argument(
        "--seq-len", type=int, nargs="+", metavar="N", help="lengths of the timed classes beside the gates'"
    )
    command.add_argument("--check", action="store_true", help="write nothing; exit 1 on a difference beyond noise")
    command.add_argument(
        "--no-sandbox", action="store_true", help="on a machine without bubblewrap: the upstream is known"
    )
    command.add_argument("--kernels", type=Path, default=KERNELS_DIR, help=argparse.SUPPRESS)
    command.set_defaults(command=calibrate)


def calibrate(arguments: argparse.Namespace) -> int:
    from judge.calibrate.upstream_errors import measure
    from judge.clock.own_time import own_time_ns
    from judge.device import open_device
    from judge.workbench import Workbench

    task = load_task(arguments.task, arguments.kernels)
    file = arguments.kernels / task.name / "task.json"
    pinned = task.upstream
    place = arguments.upstream or upstream.cached_upstream(pinned["url"], pinned["commit"], pinned["tree"])
    try:
        files = {name: (place / name).read_bytes() for name in task.data["targetFiles"]}
    except OSError as error:
        raise Refused(f"the upstream in {place} lacks a target file: {error}") from error
    device = open_device(arguments.device or task.device)
    if device.kind != task.device:
        print(
            f"quasar-judge: {task.name} is for {task.device}: limits of {device.kind} are not its own", file=sys.stderr
        )
    bench = Workbench(task, place, files, device, boxed=not arguments.no_sandbox)
    lengths = sorted(set(arguments.seq_len or [*task.data["lengths"], *task.data["targetLengths"].values()]))
    if any(not 64 <= n <= task.data["targetLengths"]["max"] for n in lengths):
        raise Refused(f"--seq-len takes lengths from 64 to {task.data['targetLengths']['max']}")
    # On a CPU nothing is taken off: a constant would be less than the noise.
    own_ns = {n: own_time_ns(device.torch, n) for n in lengths} if device.kind == "cuda" else {}
    try:
        errors = measure(bench, lengths, arguments.seeds, _said)
    except Fault as fault:
        log = "".join(f"\n  | {printable(line)}" for line in bench.log.strip().splitlines()[-15:])
        raise Refused(f"the pinned upstream does not run here: {fault}{log}") from fault
    return _report(arguments, task, file, device, errors, own_ns)


def _report(arguments, task: Task, file: Path, device: Device, errors: UpstreamErrors, own_ns: dict[int, int]) -> int:
    from judge.gates.gates import CHUNK_FACTOR

    kind, board = device.kind, device.describe()["name"]
    old = task.data["gates"]
    new = limits.new_gates(old, errors.rms, task.data.get("exactness", "upstream"))
    calibrated = replace(task, data={**task.data, "gates": new})
    ratios = {
        (n, length): chunk / calibrated.limit("op_rel_rms", n, length) for (n, length), chunk in errors.chunk.items()
    }
    worst = max(ratios, key=ratios.__getitem__)
    rows = [("gate", "input", "from length", "upstream", "limit", "was")]
    for was, gate in zip(old, new, strict=True):
        error = limits.covered(gate, old, errors.rms)
        rows.append(
            (
                gate["name"],
                gate["input"],
                str(gate["length"]),
                f"{error:.3%}",
                f"{gate['limit']:g}",
                f"{was['limit']:g}",
            )
        )
    print("\n".join(aligned(rows)))
    print(f"worst chunk: {ratios[worst]:.2f} x the limit, on {worst[0]} at {worst[1]} (allowed: {CHUNK_FACTOR:g} x)")
    for length, ns in sorted(own_ns.items()):
        print(f"copy and snapshot at {length}: {ns / 1e6:.3f} ms")
    if ratios[worst] > CHUNK_FACTOR:
        raise Refused("the pinned upstream would fail its own chunk limit: raise CHUNK_FACTOR in judge/gates/gates.py")
    was_ns = task.data["timing"][kind]["ownNs"]
    if arguments.check:
        if own_ns and task.boards.get(kind) != board:
            print(f"copy and snapshot are written for {task.boards.get(kind)}, and this is {board}: not compared")
            own_ns = {}
        return _checked(old, new, was_ns, own_ns)
    text = file.read_text("utf-8")
    try:
        written = task_file.with_own_ns(task_file.with_limits(text, new), kind, own_ns)
    except (ValueError, KeyError) as error:
        raise Refused(f"{file} is not written: {error}") from error
    if own_ns:
        boards = json.dumps({**task.boards, kind: board}).replace("{", "{ ").replace("}", " }")
        (arguments.kernels / task.family / CALIBRATED).write_text(f"{boards}\n", "utf-8")
    if written == text:
        print(f"{file} stands as it is")
        return 0
    file.write_text(written, "utf-8")
    print(f"{file} is written. Figures under other limits cannot be compared: raise its version, if it is in use.")
    return 0


def _checked(old: list[dict], new: list[dict], was_ns: dict[str, int], own_ns: dict[int, int]) -> int:
    wrong = [
        f"{g['name']} on {g['input']} from {g['length']}: {was['limit']:g} is written, {g['limit']:g} was measured"
        for was, g in zip(old, new, strict=True)
        if limits.differs(was["limit"], g["limit"])
    ]
    for length, ns in sorted(own_ns.items()):
        before = was_ns.get(str(length))
        if before is None or abs(before - ns) > OWN_NOISE * max(before, ns) + OWN_NOISE_NS:
            wrong.append(f"copy and snapshot at {length}: {before} ns is written, {ns} was measured")
    print("\n".join(wrong) if wrong else "what is written is what was measured, within noise")
    return DIFFERENT if wrong else 0


def _said(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
