"""The rule of the limits, and what a calibration writes."""

from __future__ import annotations

import json
import shutil

import pytest
from conftest import REPOSITORY
from judge.calibrate import limits, task_file
from judge.cli import main
from judge.task import load_task
from judged import UPSTREAM


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (0.0, 0.015),
        (0.0119, 0.015),
        (0.012, 0.015),
        (0.01201, 0.0151),
        (0.0335, 0.0419),
        (0.0336, 0.042),
        (0.8, 1.0),
    ],
)
def test_a_limit_is_a_quarter_above_the_upstream_and_never_below_the_floor(error, limit):
    assert limits.limit_of(error) == limit
    assert limits.limit_of(error) >= min(error * limits.ROOM, limit)
    assert limits.limit_of(error, "strict") == limits.FLOOR


@pytest.mark.parametrize("error", [float("nan"), float("inf"), -0.1])
def test_no_limit_follows_from_what_is_no_error(error):
    with pytest.raises(ValueError, match="no limit follows"):
        limits.limit_of(error)


def gate(name, length, limit=0.015):
    return {"name": "op_rel_rms", "input": name, "length": length, "limit": limit}


def test_an_entry_covers_every_length_up_to_the_next_of_its_class():
    gates = [gate("a", 512), gate("a", 2048), gate("b", 512)]
    errors = {
        ("op_rel_rms", "a", 512): 0.02,
        ("op_rel_rms", "a", 1024): 0.03,
        ("op_rel_rms", "a", 2048): 0.01,
    }
    errors |= {("op_rel_rms", "a", 100_000): 0.04, ("op_rel_rms", "b", 4096): 0.1}
    found = limits.new_gates(gates, errors, "upstream")
    assert [g["limit"] for g in found] == [limits.limit_of(e) for e in (0.03, 0.04, 0.1)]
    with pytest.raises(KeyError, match="was not measured"):
        limits.covered(gate("c", 512), gates, errors)


def test_draws_of_one_board_are_no_difference():
    assert not limits.differs(0.042, 0.0433)
    assert limits.differs(0.042, 0.05) and limits.differs(0.05, 0.042)


@pytest.mark.parametrize("name", ["quasar", "quasar_demo"])
def test_what_is_written_unchanged_is_the_file_itself(name):
    text = (REPOSITORY / f"kernels/{name}/task.json").read_text()
    data = json.loads(text)
    own = {int(n): ns for n, ns in data["timing"]["cuda"]["ownNs"].items()}
    assert task_file.with_own_ns(task_file.with_limits(text, data["gates"]), "cuda", own) == text


def test_only_the_numbers_are_written():
    text = (REPOSITORY / "kernels/quasar/task.json").read_text()
    data = json.loads(text)
    data["gates"][2]["limit"] = 0.0431
    data["timing"]["cuda"]["ownNs"] = {"512": 12345, "1048576": 2200000}
    written = task_file.with_own_ns(
        task_file.with_limits(text, data["gates"]),
        "cuda",
        {1048576: 2200000, 512: 12345},
    )
    assert json.loads(written) == data
    changed = [new for old, new in zip(text.splitlines(), written.splitlines(), strict=True) if old != new]
    assert 1 <= len(changed) <= 2 and all("0.0431" in line or "12345" in line for line in changed)


def test_a_file_of_another_layout_is_left_alone():
    with pytest.raises(ValueError, match="another layout"):
        task_file.with_limits('{"gates": [], "timing": {"cpu": {"ownNs": {}}}}', [gate("a", 1)])


@pytest.mark.usefixtures("sandbox_tools")
def test_calibrate_finds_a_wrong_limit_and_mends_it(tmp_path, capsys):
    for name in ("quasar", "quasar_demo"):
        shutil.copytree(REPOSITORY / "kernels" / name, tmp_path / name)
    file = tmp_path / "quasar_demo/task.json"
    data = json.loads(file.read_text())
    gates = [g for g in data["gates"] if g["length"] == 512]
    right = task_file.with_limits(file.read_text(), [{**g, "length": 128} for g in gates])
    file.write_text(right.replace('"length": 128, "limit": 0.015', '"length": 128, "limit": 0.03', 1))
    arguments = [
        "calibrate",
        "--task",
        "quasar_demo",
        "--kernels",
        str(tmp_path),
        "--upstream",
        str(UPSTREAM),
    ]
    arguments += ["--seeds", "1", "--seq-len", "128"]
    assert main([*arguments, "--check"]) == 1
    assert "0.03 is written, 0.015 was measured" in capsys.readouterr().out
    assert main(arguments) == 0
    assert file.read_text() == right
    assert load_task("quasar_demo", tmp_path).data["timing"]["cpu"]["ownNs"] == {}
