"""`bench`: what it refuses, what it finds out, and what it writes."""

from __future__ import annotations

import csv
import json
import stat

import pytest
import torch
from judge.bench import bench, fork, sanitize
from judge.bench.longest import fits_memory, longest
from judge.cli import main
from judge.clock import yardstick
from judge.device import CpuDevice
from judge.faults import Fault, Refused
from judge.table import aligned, table
from judge.task import load_task
from judge.workbench import Workbench
from judged import CHUNK, UPSTREAM, honest_files

DEMO = load_task("quasar_demo")
OWN = [
    "bench",
    "--path",
    str(UPSTREAM),
    "--upstream",
    str(UPSTREAM),
    "--task",
    "quasar_demo",
]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--full", "--seq-len", "64"], "leave --seq-len out"),
        (["--max-length", "--seq-len", "64"], "leave --seq-len out"),
        (["--task", "quasar", "--full", "--device", "cpu"], "is for a GPU"),
        (["--task", "quasar", "--max-length", "--device", "cpu"], "is for a GPU"),
        (["--sanitize", "memcheck"], "with a GPU"),
    ],
)
def test_wrong_use_is_said_before_anything_runs(options, why, capsys):
    assert main([*OWN, *options]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [["--full", "--max-length"], ["--profile", "x", "--sanitize", "memcheck"]],
)
def test_there_is_one_mode_at_a_time(options):
    with pytest.raises(SystemExit) as ended:
        main([*OWN, *options])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("version", "why"),
    [(None, "build without CUDA"), ("13.0", "`nvidia-smi` must list one")],
    ids=["cpu build", "no gpu"],
)
def test_without_a_gpu_it_says_what_is_missing(monkeypatch, version, why):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", version)
    assert why in bench.cuda_problem() and "--device cpu" in bench.cuda_problem()


def test_with_a_gpu_there_is_no_problem(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert bench.cuda_problem() is None


@pytest.mark.parametrize("lengths", [[], [63], [64, 4_194_305], list(range(64, 64 + 17))])
def test_lengths_have_their_bounds(lengths):
    with pytest.raises(Refused, match="--seq-len takes"):
        fork.claim_of(DEMO, {}, lengths)


def test_a_claim_of_a_checkout_is_none_that_a_server_takes():
    claim = fork.claim_of(DEMO, honest_files(), [512, 64, 512])
    assert (claim.evaluation, claim.nonce, claim.lengths, claim.target_length) == (
        None,
        None,
        (64, 512),
        512,
    )


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("task: quasar\ntarget_sequence_length: 500000\n", 500_000),
        ("target_sequence_length:   500000  # mine", 500_000),
        ("# target_sequence_length: 1\n", None),
        ("  target_sequence_length: 500000\n", None),
        ("target_sequence_length: 5e5\n", None),
        ("", None),
    ],
)
def test_the_target_of_a_checkout(tmp_path, text, target):
    (tmp_path / "quasar.yml").write_text(text)
    assert fork.named_target(load_task("quasar"), tmp_path) == target


def test_a_target_outside_of_the_limits_is_said(tmp_path):
    assert fork.named_target(DEMO, tmp_path) is None
    (tmp_path / "quasar.yml").write_text("target_sequence_length: 100\n")
    with pytest.raises(Refused, match="512 to 1024"):
        fork.named_target(DEMO, tmp_path)


def test_full_times_the_task_s_lengths_and_the_target(tmp_path, monkeypatch):
    for name, content in honest_files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "quasar.yml").write_text("target_sequence_length: 768\n")
    asked = []
    monkeypatch.setattr(bench, "_judge", lambda *arguments: asked.append(arguments[-1]) or 0)
    full = [
        "bench",
        "--path",
        str(tmp_path),
        "--upstream",
        str(UPSTREAM),
        "--task",
        "quasar_demo",
        "--full",
    ]
    assert main([*full, "--no-sandbox"]) == 0
    monkeypatch.setattr(bench, "_longest", lambda *arguments: 960)
    (tmp_path / "quasar.yml").unlink()
    assert main([*full, "--no-sandbox"]) == 0
    assert asked == [[512, 768], [512, 960]]
    monkeypatch.setattr(bench, "_longest", lambda *arguments: 448)
    assert main([*full, "--no-sandbox"]) == 3


@pytest.mark.parametrize("most", [64, 1024, 1_048_576, 1_048_600])
@pytest.mark.parametrize("room", [0, 63, 64, 65, 1000, 500_000, 10**7])
def test_the_longest_that_fits_is_found_in_few_tries(most, room):
    tried = []

    def fits(length):
        tried.append(length)
        return length <= room

    found = longest(fits, most)
    assert found == min(room, most) // 64 * 64
    assert len(tried) <= 15 and all(n % 64 == 0 and 64 <= n <= most for n in tried)


def workbench(after: str) -> Workbench:
    files = honest_files()
    files[CHUNK] += b"\n\n" + after.encode()
    return Workbench(DEMO, UPSTREAM, files, CpuDevice(), boxed=False)


HUNGRY = """
_honest = chunk_quasar
def chunk_quasar(q, *rest, **options):
    if q.shape[1] > 64:
        raise MemoryError
    return _honest(q, *rest, **options)
"""
BROKEN = "def chunk_quasar(*rest, **options):\n    raise ValueError('no')\n"


def test_a_length_fits_or_not():
    bench_of = workbench(HUNGRY)
    assert fits_memory(bench_of, 64) is True
    assert fits_memory(bench_of, 128) is False


def test_a_kernel_that_fails_otherwise_is_not_one_that_does_not_fit():
    with pytest.raises(Fault, match="early_exit"):
        fits_memory(workbench(BROKEN), 64)


def test_the_longest_target_is_a_number(monkeypatch, capsys):
    monkeypatch.setattr("judge.bench.longest.fits_memory", lambda workbench, length: length <= 700)
    assert main([*OWN, "--max-length", "--no-sandbox", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["maxLength"] == 640
    assert "1024 tokens: does not fit" in said.err and "640 tokens: fits" in said.err


@pytest.mark.parametrize("boxed", [True, False])
def test_a_profile_is_a_table_as_text_and_as_csv(tmp_path, capsys, request, boxed):
    if boxed:
        request.getfixturevalue("sandbox_tools")
    out = tmp_path / "deep" / "profile"
    assert (
        main(
            [
                *OWN,
                "--profile",
                str(out),
                "--seq-len",
                "64",
                *([] if boxed else ["--no-sandbox"]),
            ]
        )
        == 0
    )
    rows = list(csv.DictReader((out / "kernels.csv").open()))
    assert any(row["name"] == "aten::mm" for row in rows)
    assert abs(sum(float(row["share"]) for row in rows) - 1) < 0.01
    assert [float(row["total_us"]) for row in rows] == sorted((float(row["total_us"]) for row in rows), reverse=True)
    text = (out / "kernels.txt").read_text()
    assert "at 64 tokens on cpu" in text and "aten::mm" in capsys.readouterr().out


def test_a_kernel_that_fails_has_no_profile(tmp_path, capsys):
    from judge.bench import profile

    files = {**honest_files(), CHUNK: b"raise ValueError('\x1b[31mred')\n"}
    assert profile.profile(DEMO, UPSTREAM, files, CpuDevice(), 64, tmp_path / "out", boxed=False) == 1
    said = capsys.readouterr().err
    assert "ValueError" in said and "\x1b" not in said and not (tmp_path / "out").exists()


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


def test_without_the_sanitizer_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="CUDA toolkit"):
        sanitize.find_sanitizer(tmp_path)
    (tmp_path / "cuda-13.0/bin").mkdir(parents=True)
    (tmp_path / "cuda-13.0/bin/compute-sanitizer").touch()
    assert sanitize.find_sanitizer(tmp_path) == str(tmp_path / "cuda-13.0/bin/compute-sanitizer")


def test_the_table_is_that_of_the_check_run():
    timing = {
        "input": "mixed",
        "rounds": 3,
        "medianNs": 4_000_000,
        "ciLowNs": 1,
        "ciHighNs": 5_000_000,
        "p90Ns": 1,
    }
    m = {
        "length": 64,
        "classes": [timing],
        "fixedNs": 1_000_000,
        "tokensPerSec": 12_800.0,
        "tokensPerSecLow": 10_666.0,
    }
    m |= {"opTokensPerSec": 16_000.0, "peakBytes": 3 * 2**20}
    result = {
        "verdict": {
            "status": "accepted",
            "reason": "accepted",
            "detail": "every gate passed",
        },
        "flags": ["no_sandbox"],
        "sandbox": {"active": [], "missing": ["seccomp"]},
        "measurements": [m],
        "gates": [],
        "device": {"kind": "cpu"},
        "conditions": {"yardstick": [{"name": "copy", "beforeNs": 1000, "afterNs": 1000}]},
        "untrusted": {"log": "\x1b[31m"},
    }
    text = table(result, DEMO.data)
    head, row = text.splitlines()[4:6]
    assert head.split("  ")[0].strip() == "length"
    assert row.split() == [
        "64",
        "12,800",
        "10,666",
        "16,000",
        "5.00",
        "mixed",
        "4.00",
        "ms",
        "3",
        "-",
    ]
    assert "no Referee takes it" in text and "seccomp" not in text and "\x1b" not in text
    on_gpu = table({**result, "device": {"kind": "cuda"}}, {"roofline": {"bytesPerToken": 4096}})
    bandwidth = yardstick.bytes_per_s({"copy": 1000})
    assert on_gpu.splitlines()[5].endswith(f"{64 * 4096 / bandwidth / 0.004:.1%}")
    assert aligned([("a", "bb"), ("ccc", "d")]) == ["  a  bb", "ccc   d"]
