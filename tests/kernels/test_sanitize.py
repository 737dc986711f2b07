"""`bench --sanitize`: what the sanitizer finds is the exit code, told by a stand-in."""

from __future__ import annotations

import stat

import pytest
from judge.bench import sanitize
from judge.device import CpuDevice
from judge.faults import Refused
from judged import CHUNK, UPSTREAM, honest_files
from test_bench import DEMO

FAKE = """#!/bin/sh
# Stands in for compute-sanitizer: runs the command unless it is to find something, and reports what it is told to.
while [ "$1" != --log-file ]; do shift; done
log=$2; shift 2
[ {errors} -gt 0 ] || "$@" || exit $?
echo "========= COMPUTE-SANITIZER" > "$log"
echo "========= ERROR SUMMARY: {errors} errors" >> "$log"
exit {code}
"""


def fake_sanitizer(folder, monkeypatch, errors, code):
    tool = folder / "compute-sanitizer"
    tool.write_text(FAKE.format(errors=errors, code=code))
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tool


@pytest.mark.parametrize(("errors", "code", "want"), [(0, 0, 0), (2, 66, 1)])
def test_findings_of_the_sanitizer_are_the_exit_code(tmp_path, monkeypatch, capsys, errors, code, want):
    fake_sanitizer(tmp_path, monkeypatch, errors, code)
    assert sanitize.sanitize(DEMO, UPSTREAM, honest_files(), CpuDevice(), "memcheck", 64) == want
    assert f"ERROR SUMMARY: {errors} errors" in capsys.readouterr().out


def test_an_op_that_does_not_run_is_no_finding(tmp_path, monkeypatch):
    tool = fake_sanitizer(tmp_path, monkeypatch, 0, 0)
    assert sanitize.find_sanitizer() == str(tool)
    with pytest.raises(Refused, match=r"(?s)did not run under memcheck.*ValueError"):
        broken = {**honest_files(), CHUNK: b"raise ValueError('no')\n"}
        sanitize.sanitize(DEMO, UPSTREAM, broken, CpuDevice(), "memcheck", 64)


def installed(folder):
    tool = folder / "bin/compute-sanitizer"
    tool.parent.mkdir(parents=True)
    tool.touch()
    return str(tool)


def test_without_the_sanitizer_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match=r"`pip install nvidia-cuda-sanitizer-api`.*CUDA toolkit"):
        sanitize.find_sanitizer(tmp_path, [tmp_path / "nvidia"])
    by_pip = installed(tmp_path / "nvidia/cu13")
    assert sanitize.find_sanitizer(tmp_path, [tmp_path / "nothing", tmp_path / "nvidia"]) == by_pip
    by_toolkit = installed(tmp_path / "cuda-13.0")
    assert sanitize.find_sanitizer(tmp_path, [tmp_path / "nvidia"]) == by_toolkit


def test_what_pip_installed_is_found_wherever_this_python_has_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    by_pip = installed(tmp_path / "site/nvidia/cu13")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert sanitize.find_sanitizer(tmp_path) == by_pip
