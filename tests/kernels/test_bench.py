"""`bench`: what it refuses, and what it asks the judge for."""

from __future__ import annotations

import pytest
import torch
from judge.bench import bench, fork
from judge.cli import main
from judge.faults import Refused
from judge.task import load_task
from judged import UPSTREAM, honest_files

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
