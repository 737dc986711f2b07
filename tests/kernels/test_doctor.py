"""`runner/doctor` on this machine, and with a driver that is half there."""

from __future__ import annotations

import glob
import os
import subprocess
import sys

from conftest import REPOSITORY, need


def doctor(**env: str) -> tuple[int, list[str]]:
    command = [str(REPOSITORY / "runner/doctor")]
    env = {**os.environ, "QUASAR_PYTHON": sys.executable, **env}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def findings(lines: list[str]) -> dict[str, str]:
    """-> {what is bad: the line that mends it}"""
    return {line[6:]: lines[at + 1] for at, line in enumerate(lines) if line.startswith("BAD   ")}


def test_what_is_found_here_decides_the_exit_code(sandbox_tools):
    code, lines = doctor()
    bad = findings(lines)
    assert code == (1 if bad else 0)
    assert all(line.startswith("      ") and line.strip() for line in bad.values())
    assert any(line.startswith("ok    sandbox") for line in lines) or any("sandbox" in what for what in bad)


def test_each_thing_missing_for_a_gpu_has_its_mending_line(tmp_path):
    need(not glob.glob("/dev/nvidia*"), "a machine without a GPU")
    smi = tmp_path / "nvidia-smi"
    smi.write_text(
        "#!/bin/sh\n[ \"$1 $2\" = '-i 1' ] || exit 9\ncase $3 in\n"
        "  *query-gpu*) echo 'NVIDIA H200, 580.1, Disabled' ;;\n"
        "  *compute-apps*) echo '4711, python3' ;;\n"
        "esac\n"
    )
    smi.chmod(0o755)
    nproc = tmp_path / "nproc"
    nproc.write_text("#!/bin/sh\necho 3\n")
    nproc.chmod(0o755)
    code, lines = doctor(PATH=f"{tmp_path}:{os.environ['PATH']}", CUDA_VISIBLE_DEVICES="1")
    bad = findings(lines)
    assert code == 1
    assert "nvidia-modprobe" in bad["there is no /dev/nvidia0"]
    assert "nvidia-modprobe" in bad["/dev/nvidia-uvm is missing"]
    assert "end these processes" in bad["the GPU is in use: 4711, python3"]
    assert any("cannot use the GPU" in what for what in bad)
    notes = [line for line in lines if line.startswith("note")]
    assert any("nvidia-smi -pm 1" in line for line in notes) and any("3 CPUs" in line for line in notes)


def test_a_driver_that_does_not_answer_is_bad(tmp_path):
    need(not glob.glob("/dev/nvidia*"), "a machine without a GPU")
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'\nexit 18\n")
    smi.chmod(0o755)
    code, lines = doctor(PATH=f"{tmp_path}:{os.environ['PATH']}", QUASAR_PYTHON="/nonexistent/python")
    said = [what for what in findings(lines) if "version mismatch" in what]
    assert code == 1 and len(said) == 1
