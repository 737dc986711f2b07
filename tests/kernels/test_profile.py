"""`bench --profile`: the table of an op's kernels, for its author."""

from __future__ import annotations

import csv

import pytest
from judge.bench import profile
from judge.cli import main
from judge.device import CpuDevice
from judged import CHUNK, UPSTREAM, honest_files
from test_bench import DEMO, OWN


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
    files = {**honest_files(), CHUNK: b"raise ValueError('\x1b[31mred')\n"}
    assert profile.profile(DEMO, UPSTREAM, files, CpuDevice(), 64, tmp_path / "out", boxed=False) == 1
    said = capsys.readouterr().err
    assert "ValueError" in said and "\x1b" not in said and not (tmp_path / "out").exists()
