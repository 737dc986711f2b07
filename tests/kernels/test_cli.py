from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys

import jsonschema
import pytest
from conftest import REPOSITORY
from judge import cli
from judge import evaluate as evaluate_module
from judge import result as result_module
from judge.bench import bench
from judge.task import load_task
from judged import SCHEMA, UPSTREAM, honest_files

TASK = load_task("quasar_demo")


def command(*arguments):
    return [sys.executable, "-B", "-m", "judge", *arguments]


def run(*arguments, **env):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "kernels"), **env}
    return subprocess.run(command(*arguments), env=environment, capture_output=True, text=True, timeout=600)


def claim(**changes):
    files = [
        {"path": p, "sha256": hashlib.sha256(c).hexdigest(), "base64": base64.b64encode(c).decode()}
        for p, c in honest_files().items()
    ]
    return {
        "evaluation": 12,
        "nonce": "0f" * 16,
        "task": TASK.identity(),
        "upstream": TASK.upstream,
        "lengths": [512],
        "targetLength": 1024,
        "files": files,
        "limits": {"totalSeconds": 60},
        **changes,
    }


def evaluate(tmp_path, content, upstream=UPSTREAM):
    (tmp_path / "claim.json").write_text(content if isinstance(content, str) else json.dumps(content))
    out = tmp_path / "result.json"
    places = ["--claim", str(tmp_path / "claim.json"), "--upstream", str(upstream), "--out", str(out)]
    before = signal.getsignal(signal.SIGTERM)
    try:
        code = cli.main(["evaluate", *places, "--commit", "abc"])
    finally:
        signal.signal(signal.SIGTERM, before)
    result = json.loads(out.read_text())
    jsonschema.validate(result, SCHEMA)
    return code, result


def test_the_builder_s_claim_is_one_of_the_contracts():
    jsonschema.validate(claim(), json.loads((REPOSITORY / "kernels/schemas/claim.json").read_text()))


BROKEN = {
    "no JSON": "{",
    "empty": "",
    "an array": "[]",
    "no files": {"files": None},
    "a wrong sha256": {"files": [{"path": "x", "sha256": "0" * 64, "base64": ""}] * 5},
    "not base64": {"files": [{"path": "x", "sha256": "0" * 64, "base64": "*"}] * 5},
    "another digest": {"task": {**TASK.identity(), "digest": "0" * 64}},
    "an unknown task": {"task": {"name": "nothing", "version": 1, "digest": "0" * 64}},
    "a path as a task": {"task": {"name": "../x", "version": 1, "digest": "0" * 64}},
    "another upstream": {"upstream": {**TASK.upstream, "tree": "0" * 40}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_is_wrong_with_a_claim_a_valid_infra_result_comes_out(tmp_path, name):
    content = BROKEN[name]
    code, result = evaluate(tmp_path, claim(**content) if isinstance(content, dict) else content)
    assert (code, result["verdict"]["reason"]) == (3, "infra")
    assert result["verdict"]["detail"]


def test_a_wrong_upstream_is_infra_and_says_what_to_do(tmp_path):
    code, result = evaluate(tmp_path, claim(), upstream=tmp_path)
    assert code == 3
    assert "python -m judge upstream" in result["verdict"]["detail"]
    assert result["evaluation"] == 12 and result["nonce"] == "0f" * 16


@pytest.mark.usefixtures("sandbox_tools")
def test_a_judge_that_is_asked_to_stop_leaves_a_valid_result_and_no_worker(tmp_path):
    (tmp_path / "claim.json").write_text(json.dumps(claim(targetLength=512)))
    out = tmp_path / "result.json"
    arguments = ("--claim", str(tmp_path / "claim.json"), "--upstream", str(UPSTREAM), "--out", str(out))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "kernels"), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command("evaluate", *arguments), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as judge:
        stages = []
        for line in judge.stdout:
            stages.append(json.loads(line))
            if stages[-1]["stage"] == "public":
                judge.send_signal(signal.SIGTERM)
                break
        for line in judge.stdout:
            stages.append(json.loads(line))
        assert judge.wait(timeout=300) == 3
    result = json.loads(out.read_text())
    jsonschema.validate(result, SCHEMA)
    assert result["verdict"]["reason"] == "infra" and "SIGTERM" in result["verdict"]["detail"]
    schema = json.loads((REPOSITORY / "kernels/schemas/progress.json").read_text())
    for stage in stages:
        jsonschema.validate({"evaluation": 12, "nonce": "0f" * 16, **stage}, schema)
    assert stages[-1]["seq"] == len(stages) - 1
    assert any(stage.get("keySha256") == result["key"]["sha256"] for stage in stages)


def test_a_judge_that_is_asked_to_stop_while_it_writes_still_writes(tmp_path, monkeypatch):
    def stopped(result, path):
        os.kill(os.getpid(), signal.SIGTERM)
        result_module.write(result, path)

    monkeypatch.setattr(evaluate_module, "_judge", lambda *anything: None)
    monkeypatch.setattr(evaluate_module, "write", stopped)
    assert evaluate(tmp_path, claim())[0] == 3


def test_bench_on_a_gpu_that_is_not_there_is_a_usage_error(capsys):
    assert cli.main(["bench", "--path", str(UPSTREAM), "--device", "cuda"]) == 2
    said = capsys.readouterr()
    assert "--device cpu" in said.err and said.out == ""


def test_the_probe_of_a_gpu_that_is_not_there_says_so(monkeypatch, capsys):
    monkeypatch.setattr(bench, "cuda_problem", lambda: "no GPU")
    assert cli.main(["probe", "--device", "cuda"]) == 3
    said = capsys.readouterr()
    assert "no GPU" in said.err and said.out == ""


def test_bench_of_a_directory_without_the_five_files_says_so(tmp_path):
    done = run("bench", "--path", str(tmp_path), "--task", "quasar_demo", "--device", "cpu")
    assert done.returncode == 3 and "is missing" in done.stderr and "Traceback" not in done.stderr


def test_commands_that_judge_nothing_load_no_pytorch():
    look = "import sys, judge.cli; raise SystemExit('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "kernels")}
    assert subprocess.run([sys.executable, "-B", "-c", look], env=environment, timeout=120).returncode == 0


def test_a_missing_argument_is_a_usage_error():
    assert run("evaluate").returncode == 2
    assert run().returncode == 2
