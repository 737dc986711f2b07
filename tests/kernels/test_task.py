from __future__ import annotations

import json
import subprocess

import pytest
from conftest import REPOSITORY, need
from judge.canonical import canonical_json, es_number
from judge.task import TaskError, load_task

NUMBERS = [
    0, -0.0, 1, -1, 0.1, 0.015, 1e21, 1e20, 123456789012345680000, 1e-6, 1e-7, 1.5e-7, 5e-324, 1.7976931348623157e308,
    100, 1000000, 0.000001234, 12345.678, 17179869184, 2**53, 4194304, 1e100, 3.0, 0.30000000000000004, -2.5e-10,
]  # fmt: skip


def tsx(code: str) -> str:
    need((REPOSITORY / "node_modules/.bin/tsx").exists(), "npm ci")
    done = subprocess.run(
        ["node_modules/.bin/tsx", "-e", code], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_digest_of_every_task_is_the_app_s():
    names = ["quasar", "quasar_demo"]
    code = "import {loadTask, taskDigest} from './app/evaluations/task.ts';"
    code += f"console.log(JSON.stringify({json.dumps(names)}.map((n) => taskDigest(loadTask(n)))));"
    assert json.loads(tsx(code)) == [load_task(name).digest for name in names]


def test_numbers_are_written_as_ecmascript_writes_them():
    written = json.loads(tsx(f"console.log(JSON.stringify({json.dumps(NUMBERS)}.map((n) => JSON.stringify(n))))"))
    assert [es_number(n) for n in NUMBERS] == written


def test_canonical_json_sorts_by_utf16_and_escapes_as_json_does():
    value = {"\U0001f600": 1, "\ufb33": 2, "a": [True, None, 'q"\\\n\x07'], "é": {"b": 1, "a": 2}}
    code = "import {canonicalJson} from './app/canonical-json.ts';"
    code += f"process.stdout.write(canonicalJson({json.dumps(value)}));"
    assert canonical_json(value) == tsx(code)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x"])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match="not canonical JSON"):
        canonical_json(value)


def write_task(folder, name, **data):
    (folder / name).mkdir()
    (folder / name / "task.json").write_text(json.dumps({"name": name, **data}))


def test_own_keys_replace_those_of_the_base_whole(tmp_path):
    write_task(tmp_path, "base", a={"x": 1, "y": 2}, b=1)
    (tmp_path / "base/reference.py").touch()
    write_task(tmp_path, "demo", extends="base", a={"x": 3})
    task = load_task("demo", tmp_path)
    assert task.data == {"name": "demo", "extends": "base", "a": {"x": 3}, "b": 1}
    assert task.family == "base"


def test_circles_and_odd_names_are_refused(tmp_path):
    write_task(tmp_path, "one", extends="two")
    write_task(tmp_path, "two", extends="one")
    with pytest.raises(TaskError, match="one -> two -> one"):
        load_task("one", tmp_path)
    for name in ("../quasar", "A", "", "x" * 65):
        with pytest.raises(TaskError, match="no task is named"):
            load_task(name, tmp_path)
    with pytest.raises(TaskError, match="cannot read task"):
        load_task("absent", tmp_path)


def test_a_limit_holds_from_its_length_on():
    task = load_task("quasar")
    gates = [
        {"name": "op_rel_rms", "input": "x", "length": 512, "limit": 0.1},
        {"name": "op_rel_rms", "input": "x", "length": 2048, "limit": 0.2},
    ]
    task = type(task)({**task.data, "gates": gates}, task.family)
    assert [task.limit("op_rel_rms", "x", n) for n in (1, 512, 2047, 2048, 10**6)] == [0.1, 0.1, 0.1, 0.2, 0.2]
    with pytest.raises(TaskError, match="no limit for gate"):
        task.limit("op_rel_rms", "y", 512)


@pytest.mark.parametrize("name", ["quasar", "quasar_demo"])
def test_every_class_that_is_timed_or_gated_has_a_limit(name):
    task = load_task(name)
    for input_class in (*task.inputs().CLASSES, *task.inputs().EXTRA):
        assert task.limit("op_rel_rms", input_class, 512) > 0
    assert task.limit("state_rel_rms", "long_memory", 512) > 0
