"""A host's own weights for the logit gate reach the judge of an official run, and what is wrong with them is said."""

from __future__ import annotations

import json
import signal

import pytest
from judge import device, evaluation, workbench
from judge.bench import bench, longest
from judge.cli import main
from judge.faults import Refused
from judge.logit_option import FILES, OPTION, VARIABLE, directory, for_record
from judge.task import load_task
from judged import UPSTREAM, honest_files
from test_cli import claim

TASK = load_task("quasar")


@pytest.fixture
def model(tmp_path):
    """A directory that looks like a model's; nobody reads it here."""
    found = tmp_path / "model"
    found.mkdir()
    for name in FILES:
        (found / name).write_text("{}")
    return found


def test_the_option_comes_before_the_host_s_variable(model, tmp_path):
    other = tmp_path / "other"
    model.rename(other)
    assert directory(other, {VARIABLE: str(model)}, "cuda") == other


def test_without_either_weights_are_drawn():
    assert directory(None, {"PATH": "/bin"}, "cuda") is None
    assert directory(None, {VARIABLE: " "}, "cuda") is None


def test_a_cpu_judges_without_its_host_s_weights():
    assert directory(None, {VARIABLE: "/nowhere"}, "cpu") is None


@pytest.mark.parametrize("name", [OPTION, VARIABLE])
@pytest.mark.parametrize("missing", FILES)
def test_a_directory_without_a_model_is_refused_by_name(model, name, missing):
    (model / missing).unlink()
    given, environment = (model, {}) if name == OPTION else (None, {VARIABLE: str(model)})
    with pytest.raises(Refused, match=f"{name} names .*/model', which has no {missing} .*Qwen2.5-0.5B"):
        directory(given, environment, "cuda")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/nowhere", "is no directory"),
        ("weights", "no absolute path"),
        ("~/weights", "no absolute path"),
        ("/a\0b", "is no directory"),
        ("/" + "x" * 100_000, "is no directory"),
    ],
)
def test_a_variable_that_names_no_directory_is_refused(text, why):
    with pytest.raises(Refused, match=f"{VARIABLE}.*{why}") as refused:
        directory(None, {VARIABLE: text}, "cuda")
    assert len(str(refused.value)) < 500


DRAWN, READ = ({"logits": {"model": f"qwen, {source} weights"}} for source in ("drawn", "read"))


def test_a_record_is_made_again_with_the_weights_that_it_was_made_with(model):
    host = {VARIABLE: str(model)}
    assert for_record(READ, None, host, "cuda") == for_record(READ, model, {}, "cuda") == model
    assert for_record(DRAWN, model, host, "cuda") is None
    assert for_record({}, model, host, "cuda") is None
    assert for_record(READ, model, host, "cpu") is None
    with pytest.raises(Refused, match=f"{OPTION} or {VARIABLE}"):
        for_record(READ, None, {}, "cuda")


@pytest.fixture
def reached(monkeypatch):
    """The directories that evaluations of the GPU's task were made with; none of them is run."""
    found = []

    class Evaluation:
        def __init__(self, claim, task, upstream, progress, record, boxed, device, logit_weights):
            found.append(logit_weights)

        def run(self):
            pass

    monkeypatch.setattr(evaluation, "Evaluation", Evaluation)
    monkeypatch.setattr(device, "open_device", lambda kind, alone=True: kind)
    monkeypatch.setattr(bench, "cuda_problem", lambda: None)
    return found


def evaluate(tmp_path, *options):
    """-> the verdict's detail."""
    (tmp_path / "claim.json").write_text(json.dumps(claim(task=TASK.identity(), upstream=TASK.upstream)))
    out = tmp_path / "result.json"
    before = signal.getsignal(signal.SIGTERM)
    try:
        places = ("--claim", str(tmp_path / "claim.json"), "--upstream", str(UPSTREAM), "--out", str(out))
        main(["evaluate", *places, *options])
    finally:
        signal.signal(signal.SIGTERM, before)
    return json.loads(out.read_text())["verdict"]["detail"]


def test_an_official_run_is_made_with_the_host_s_weights(reached, tmp_path, model, monkeypatch):
    evaluate(tmp_path)
    monkeypatch.setenv(VARIABLE, str(model))
    evaluate(tmp_path)
    evaluate(tmp_path, OPTION, str(model))
    assert reached == [None, model, model]


def test_a_host_whose_weights_are_gone_judges_nothing_and_says_so(reached, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    assert f"{VARIABLE} names" in evaluate(tmp_path)
    assert reached == []


@pytest.fixture
def own_bench(reached, tmp_path, model, monkeypatch):
    """The words of a bench on a host whose variable names the model."""
    for name, content in honest_files().items():
        (tmp_path / "fork" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fork" / name).write_bytes(content)
    monkeypatch.setenv(VARIABLE, str(model))
    places = ("--path", str(tmp_path / "fork"), "--upstream", str(UPSTREAM))
    return ["bench", *places, "--device", "cuda", "--no-sandbox"]


def test_a_bench_uses_them_too(own_bench, reached, model):
    main([*own_bench, "--seq-len", "512"])
    assert reached == [model]


def test_the_longest_target_is_one_that_fits_beside_them(own_bench, model, monkeypatch):
    monkeypatch.setattr(workbench, "Workbench", lambda *given: given)
    benches = []
    monkeypatch.setattr(longest, "fits_memory", lambda bench_of, length: benches.append(bench_of) or True)
    assert main([*own_bench, "--max-length"]) == 0
    assert [(boxed, weights) for *_, boxed, weights in benches] == [(False, model)]
