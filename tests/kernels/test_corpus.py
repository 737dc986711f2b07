"""Every case of tests/corpus ends as its expect.json says; the static scan plays no part here."""

from __future__ import annotations

import ast
import json
import math
import multiprocessing
import os
import re
import shutil
import sys
from dataclasses import replace

import pytest
import torch
from conftest import REPOSITORY, need
from judge.corpus import __main__ as command
from judge.corpus.cases import CHUNK, CORPUS, Case, CorpusError, base_files, load_cases
from judge.corpus.processes import PRELOAD, default_device
from judge.corpus.profiles import full_task
from judge.corpus.runner import ALTERNATIONS, GPU_TWIN, TRICKS_A_TWIN, Outcome, Runner
from judge.corpus.small_task import TASKS, claim_of, small_task, upstream_for
from judge.task import load_task
from judged import UPSTREAM, check_form, reason_of

CASES = load_cases()
ON_CPU = [case for case in CASES if "cpu" in case.expect["devices"]]
JUDGED_BY_TESTS = [case for case in CASES if case.expect.get("by")]


@pytest.fixture(scope="session")
def outcomes(request, tmp_path_factory):
    """Outcomes by name of the cases that this run asks for, judged side by side."""
    need(shutil.which("bwrap") is not None, "bubblewrap: apt-get install -y bubblewrap")
    tests = [item for item in request.session.items if "outcomes" in item.fixturenames and hasattr(item, "callspec")]
    asked = {value.name for test in tests for value in test.callspec.params.values() if isinstance(value, Case)}
    cases = [case for case in ON_CPU if case.name in asked]
    upstream = upstream_for("cpu", tmp_path_factory.mktemp("corpus"))
    # One more than there are CPUs: some cases wait for a limit of time.
    runner = Runner("cpu", upstream, jobs=min(4, len(os.sched_getaffinity(0)) + 1))
    return {outcome.case.name: outcome for outcome in runner.judge(cases)}


@pytest.mark.parametrize("case", ON_CPU, ids=lambda case: case.name)
def test_ends_as_expected(case: Case, outcomes):
    outcome = outcomes[case.name]
    assert outcome.differences() == [], outcome.result and outcome.result["untrusted"]["log"][-2000:]
    check_form(outcome.result)


@pytest.mark.parametrize("case", load_cases(["miniature"]), ids=lambda case: case.name)
def test_an_accepted_result_has_its_figures_its_protections_and_its_key(case: Case, outcomes):
    result = outcomes[case.name].result
    assert reason_of(result) == "accepted", result["verdict"]
    assert {m["length"] for m in result["measurements"]} == {128, 192}
    for measurement in result["measurements"]:
        assert [c["rounds"] for c in measurement["classes"]] == [1] * 6
        assert measurement["tokensPerSecLow"] <= measurement["tokensPerSec"] < measurement["opTokensPerSec"]
    assert result["sandbox"]["missing"] == [] or set(result["sandbox"]["missing"]) <= {"cgroup_pids", "cgroup_memory"}
    commitments = [line["keySha256"] for line in result["progress"] if "keySha256" in line]
    assert commitments == [result["key"]["sha256"]]


@pytest.mark.parametrize(("rough", "fine"), [load_cases(["fp32_accumulate", "fp32_state_and_inverse"])])
def test_products_in_fp32_show_lower_errors_than_products_of_bf16(rough: Case, fine: Case, outcomes):
    # The miniature is no measure of it: unlike the published upstream it computes in fp32 too.
    lower, upper = errors_of(outcomes[fine.name]), errors_of(outcomes[rough.name])
    assert len(lower) == 12 and lower.keys() == upper.keys()
    for gate, error in lower.items():
        assert error < 0.9 * upper[gate], gate
        # What is left is the rounding of the answer to bf16, which is 0.17 %.
        assert error < 0.0019, gate


def errors_of(outcome: Outcome) -> dict[tuple[str, str, int], float]:
    """Relative RMS against fp64 of outputs and state, by gate of the task: hidden lengths are drawn."""
    values = {(gate["name"], gate["input"], gate["length"]): gate["value"] for gate in outcome.result["gates"]}
    return {gate: values[gate] for gate in ((g["name"], g["input"], g["length"]) for g in small_task().data["gates"])}


@pytest.mark.parametrize("case", JUDGED_BY_TESTS, ids=lambda case: case.name)
def test_what_another_test_judges_is_there(case: Case):
    for place in case.expect["by"]:
        assert place["test"] in (REPOSITORY / place["file"]).read_text(), f"{place['file']} has no {place['test']!r}"


def say_whether_loaded(sender):
    sender.send(PRELOAD in sys.modules)


def test_the_processes_of_cases_begin_with_all_loaded(outcomes):
    context = multiprocessing.get_context("forkserver")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=say_whether_loaded, args=(sender,))
    process.start()
    process.join()
    assert receiver.poll() and receiver.recv() is True


@pytest.mark.parametrize("device", TASKS)
def test_the_full_profile_replaces_limits_of_the_worker_and_nothing_else(device):
    task = load_task(TASKS[device])
    assert full_task(device) == task
    assert claim_of(full_task(device), {}).target_length == task.data["targetLengths"]["max"]
    given = full_task(device, importSeconds=2)
    assert given.limits == {**task.limits, "importSeconds": 2} != task.limits
    given.data["worker"] = task.data["worker"]
    assert given == task


def test_the_full_profile_judges_at_the_lengths_of_the_task(sandbox_tools, tmp_path):
    runner = Runner("cpu", upstream_for("cpu", tmp_path), profile="full")
    (outcome,) = runner.judge(load_cases(["D01_zeros"]))
    assert outcome.differences() == []
    assert outcome.result["task"] == load_task(TASKS["cpu"]).identity()
    assert {gate["length"] for gate in outcome.result["gates"]} == {512}


@pytest.mark.parametrize(
    ("options", "device", "profile"),
    [
        ([], "cpu", "short"),
        (["--profile", "short"], "cpu", "short"),
        (["--profile", "full", "--device", "cuda"], "cuda", "full"),
    ],
)
def test_the_command_judges_by_the_profile_and_on_the_device_that_it_is_given(monkeypatch, options, device, profile):
    runners, lines = [], []

    def judge(runner, cases):
        runners.append(runner)
        return (_outcome(case, None, 100.0) for case in cases)

    monkeypatch.setattr(Runner, "judge", judge)
    monkeypatch.setattr(command, "default_device", lambda: "cpu")
    assert command.main(["--only", "miniature", "--upstream", str(UPSTREAM), *options], lines.append) == 0
    assert [(runner.device, runner.profile) for runner in runners] == [(device, profile)]
    assert lines[-1] == "1 judged, 0 not as expected"


def test_the_default_device_is_a_gpu_where_pytorch_sees_one():
    assert default_device() == ("cuda" if torch.cuda.is_available() else "cpu")


def test_an_unknown_profile_is_refused(capsys):
    with pytest.raises(SystemExit):
        command.main(["--profile", "long"])
    assert "'short', 'full'" in capsys.readouterr().err


@pytest.mark.parametrize(("device", "twin"), [("cpu", "miniature"), ("cuda", GPU_TWIN)])
def test_tricks_are_held_against_their_twins_in_turn(monkeypatch, device, twin):
    cases = [case for case in CASES if case.expect["gain"] == "none" and case.expect["twin"] == "miniature"][:9]
    judged = []

    def judge(runner, asked):
        assert runner.jobs == 1
        judged.append([case.name for case in asked])
        for number, case in enumerate(asked):
            rate = {twin: 100.0, cases[0].name: 101.0 + number, cases[8].name: 90.0}.get(case.name, 100.0)
            assert case.name == twin or (case.expect.get("base") or "miniature") == twin
            yield _outcome(
                case, "wrong_output" if case.name == cases[1].name and number > TRICKS_A_TWIN else None, rate
            )

    monkeypatch.setattr(Runner, "judge", judge)
    found = {gain.case.name: gain for gain in Runner(device, UPSTREAM, jobs=9).gains(cases)}
    names = [case.name for case in cases]
    assert judged == [[twin, *names[:8]] * ALTERNATIONS, [twin, names[8]] * ALTERNATIONS]
    assert list(found) == names
    assert [found[names[i]].ratio for i in (0, 2, 8)] == [1.11, 1.0, 0.9]
    assert math.isnan(found[names[1]].ratio)
    assert found[names[1]].notes == [f"{names[1]}: inconclusive, wrong_output: said so"] * (ALTERNATIONS - 1)


@pytest.mark.parametrize(
    ("endings", "twin_ends", "ratio"),
    [
        ((None, None, "unstable"), None, 1.01),
        (("unstable", "unstable", "unstable"), None, 0.0),
        ((None, None, "infra"), None, math.nan),
        ((None, None, None), "unstable", math.nan),
    ],
)
def test_a_trick_that_is_refused_as_it_may_be_gains_nothing(monkeypatch, endings, twin_ends, ratio):
    (case,) = load_cases(["B09_prefill_spy"])
    left = list(endings)

    def judge(runner, asked):
        for each in asked:
            yield _outcome(each, twin_ends, 100.0) if each.honest else _outcome(each, left.pop(0), 101.0)

    monkeypatch.setattr(Runner, "judge", judge)
    (gain,) = Runner("cuda", UPSTREAM).gains([case])
    assert gain.ratio == pytest.approx(ratio, nan_ok=True)
    assert len(gain.notes) == sum(reason is not None for reason in endings) + (ALTERNATIONS if twin_ends else 0)


def test_a_trick_that_did_not_run_was_not_compared(monkeypatch):
    (case,) = load_cases(["B08_slow_warmup"])

    def judge(runner, asked):
        for each in asked:
            outcome = _outcome(each, None, 100.0)
            yield replace(outcome, result={**outcome.result, "untrusted": {"log": ""}})

    monkeypatch.setattr(Runner, "judge", judge)
    (gain,) = Runner("cuda", UPSTREAM).gains([case])
    assert math.isnan(gain.ratio)
    assert len(gain.notes) == ALTERNATIONS and "did not run" in gain.notes[0]


def test_over_a_fast_control_no_flag_is_expected_of_a_trick():
    (case,) = load_cases(["A01_event_patch"])

    def differences(of: Case) -> list[str]:
        outcome = _outcome(of, None, 100.0)
        return replace(outcome, result={**outcome.result, "flags": []}).differences()

    assert differences(case) == ["no flag timing_inconsistent"]
    assert differences(case.over(GPU_TWIN)) == []


def test_cases_that_times_decide_are_judged_last_and_one_by_one(monkeypatch):
    cases = load_cases(["B10_background_load", "B06_bell_set_back", "D01_zeros"])
    seen = []

    def outcome_of(runner, context, case):
        seen.append((case.name, runner.jobs))
        return _outcome(case, None, 100.0)

    monkeypatch.setattr(Runner, "_outcome", outcome_of)
    monkeypatch.setattr("judge.corpus.runner.forking", lambda: None)
    assert len(list(Runner("cuda", UPSTREAM, jobs=3).judge(cases))) == 3
    assert {*seen[:2]} == {("B06_bell_set_back", 3), ("D01_zeros", 3)} and seen[2] == ("B10_background_load", 1)


def _outcome(case: Case, reason: str | None, rate: float) -> Outcome:
    """Accepted, or ended for `reason`."""
    status = "accepted" if reason is None else "inconclusive"
    return Outcome(
        case,
        {
            "verdict": {"status": status, "reason": reason or "accepted", "detail": "said so"},
            "measurements": [{"tokensPerSec": rate}],
            "progress": [{"stage": "secret"}],
            "flags": case.expect.get("flags", []),
            "untrusted": {"log": case.expect.get("log", "")},
        },
        [],
        1.0,
    )


def test_on_a_gpu_every_trick_runs_over_the_twin_that_it_is_held_against():
    targets = small_task("cuda").data["targetFiles"]
    (twin,) = load_cases([GPU_TWIN])
    known = _top_names(twin.files(UPSTREAM, targets)[CHUNK])
    lost = _top_names(base_files(targets)[CHUNK]) - known
    for case in CASES:
        if case.expect["gain"] == "none" and case.expect["twin"] == "miniature":
            tree = ast.parse((case.folder / CHUNK).read_text())
            own = _top_names((case.folder / CHUNK).read_bytes())
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - own
            assert not used & lost, f"{case.name} needs a name of the base that {GPU_TWIN} does not have"
            assert not own & known - {"chunk_quasar", "torch", "math", "F"}, f"{case.name} hides a name of {GPU_TWIN}"


def _top_names(source: bytes) -> set[str]:
    """What a module defines, assigns or imports at its top."""
    found: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return found


def test_every_listed_id_has_a_folder():
    listed = re.findall(r"^\| ([A-E]\d\d) ", (CORPUS / "README.md").read_text(), re.MULTILINE)
    folders = {case.id for case in CASES if case.folder.parent.name == "cheats"}
    assert len(listed) == len(set(listed)) and set(listed) == folders


def test_every_folder_is_a_case():
    folders = {folder.name for kind in ("cheats", "honest") for folder in (CORPUS / kind).iterdir()}
    assert folders == {case.name for case in CASES}


def test_a_case_may_be_laid_over_an_honest_control():
    (case,) = load_cases(["B03_reply_when_queued"])
    (control,) = load_cases(["fused_scan"])
    targets = small_task("cuda").data["targetFiles"]
    over, under = case.files(UPSTREAM, targets), control.files(UPSTREAM, targets)
    assert over[CHUNK].startswith(under[CHUNK]) and over[CHUNK].endswith((case.folder / CHUNK).read_bytes())
    assert {path for path in targets if over[path] != under[path]} == {CHUNK}


def test_a_case_over_something_else_is_refused(tmp_path):
    folder = tmp_path / "cheats/Z99_nothing"
    folder.mkdir(parents=True)
    expect = json.loads((CORPUS / "cheats/B03_reply_when_queued/expect.json").read_text())
    (folder / "expect.json").write_text(json.dumps({**expect, "base": "../honest/fused_scan/../.."}))
    with pytest.raises(CorpusError, match="honest control"):
        load_cases(corpus=tmp_path)
