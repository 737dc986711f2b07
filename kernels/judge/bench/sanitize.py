"""`bench --sanitize TOOL`: the op once under NVIDIA's compute-sanitizer, for its author or a reviewer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from judge.bench import solo
from judge.device import Device
from judge.faults import Refused
from judge.sandbox.launch import PYTHON
from judge.table import printable
from judge.task import Task

NEEDS_NO_SANDBOX = (
    "--sanitize attaches to the kernel's process, which the sandbox forbids: read the files, then give --no-sandbox, "
    "on a machine that holds nothing of value"
)
ADVICE = (
    "compute-sanitizer is missing: `pip install nvidia-cuda-sanitizer-api` puts it beside this judge's PyTorch; it "
    "also comes with NVIDIA's CUDA toolkit (package cuda-sanitizer-13-0, or the whole toolkit), in /usr/local/cuda/bin"
)
LENGTH = 256
FOUND = 66
SECONDS = 900
SHOWN = 60


def sanitize(task: Task, upstream: Path, files: dict[str, bytes], device: Device, tool: str, length: int | None) -> int:
    """Prints the tool's own report -> exit code: 0 nothing found, 1 findings. Raises Refused if the op did not run."""
    program = find_sanitizer()
    with solo.place(task, upstream, files) as place:
        box, config = solo.box(task, place, device, {"length": length or LENGTH}, boxed=False)
        report = place / "report.txt"
        command = [program, "--tool", tool, "--error-exitcode", str(FOUND), "--log-file", str(report)]
        command += [sys.executable, *PYTHON, solo.script(place, "alone.py", boxed=False)]
        # Without torch's own pool every tensor is an allocation of the driver, whose borders the tool can see.
        env = {**box.env, "PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}
        try:
            done = subprocess.run(
                command, input=json.dumps(config).encode(), env=env, cwd=config["scratch"], capture_output=True,
                timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Refused(f"{tool} took longer than {SECONDS} s: give a smaller length with --seq-len") from error
        lines = report.read_text("utf-8", "replace").splitlines() if report.is_file() else []
    print("\n".join(printable(line) for line in lines[:SHOWN]))
    if len(lines) > SHOWN:
        print("\n".join(["…", *(printable(line) for line in lines[-5:])]))
    if done.returncode not in (0, FOUND):
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()[-15:]
        own = "".join(f"\n  | {printable(line)}" for line in said)
        raise Refused(f"the op did not run under {tool} (exit code {done.returncode}){own}")
    if not any("SUMMARY" in line for line in lines):
        raise Refused(f"{tool} ended without a summary")
    return 1 if done.returncode == FOUND else 0


def find_sanitizer(root: Path = Path("/usr/local"), packages: Sequence[Path] | None = None) -> str:
    """That of the PATH, else a toolkit's below `root`, else pip's below `packages` (NVIDIA's, unless given).

    Raises Refused with what to install.
    """
    places = sorted(root.glob("cuda*/bin/compute-sanitizer"), reverse=True)
    for package in _of_nvidia() if packages is None else packages:
        places += sorted(package.glob("*/bin/compute-sanitizer"))
    found = shutil.which("compute-sanitizer") or next(map(str, places), None)
    if found is None:
        raise Refused(ADVICE)
    return found


def _of_nvidia() -> list[Path]:
    """Where this Python has what pip installed of NVIDIA: a namespace that many packages share."""
    spec = find_spec("nvidia")
    return [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
