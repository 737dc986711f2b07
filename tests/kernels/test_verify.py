"""A record that was touched anywhere no longer holds, and the same kernel gives the same again."""

from __future__ import annotations

import copy
import json

import pytest
from conftest import REPOSITORY
from judge.cli import main
from judge.tree import content_digest
from judge.verify import recheck, replay, verify
from judged import CHUNK, UPSTREAM, honest_files, judge, small_task


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    result = judge(tmp_path_factory.mktemp("judged"), boxed=False)
    assert result["verdict"]["status"] == "accepted", result["verdict"]
    result.pop("progress")
    return {**result, "digest": content_digest(files())}


def files():
    """As `judge` makes them with nothing to append."""
    own = honest_files()
    return {**own, CHUNK: own[CHUNK] + b"\n\n"}


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Options that run the record's kernel again."""
    fork = tmp_path_factory.mktemp("fork")
    for name, content in files().items():
        (fork / name).parent.mkdir(parents=True, exist_ok=True)
        (fork / name).write_bytes(content)
    return ("--path", str(fork), "--upstream", str(UPSTREAM), "--no-sandbox")


@pytest.fixture(scope="module")
def run_once():
    """`replay.replay` that runs once what it is asked for: this kernel gives the same bits again, as a test finds."""
    real, seen = replay.replay, {}

    def replayed(task, upstream, files, device, keys, lengths, progress, boxed, logit_weights):
        assert logit_weights is None
        asked = json.dumps([task.data["timing"], content_digest(files), keys.sha256, lengths, boxed])
        if asked not in seen:
            seen[asked] = real(task, upstream, files, device, keys, lengths, progress, boxed, logit_weights)
        return seen[asked]

    return replayed


@pytest.fixture
def verified(tmp_path, monkeypatch, capsys, run_once):
    """-> function: record and options -> (exit code, {step: agrees}, steps)."""
    monkeypatch.setattr(verify, "load_task", lambda name: small_task())
    monkeypatch.setattr(replay, "replay", run_once)

    def run(result, *options):
        file = tmp_path / "result.json"
        file.write_text(result if isinstance(result, str) else json.dumps(result))
        code = main(["verify", str(file), "--json", *options])
        printed = capsys.readouterr()
        assert code in (0, 1), printed.err
        said = json.loads(printed.out)
        assert said["agrees"] == (code == 0)
        return (
            code,
            {step["name"]: step["agrees"] for step in said["steps"]},
            said["steps"],
        )

    return run


def test_an_honest_record_holds(record, verified):
    code, steps, _ = verified(record)
    assert code == 0
    lengths = {m["length"] for m in record["measurements"]}
    assert {f"plan at {n}" for n in lengths} | {f"inputs at {n}" for n in lengths} <= set(steps)
    assert set(steps.values()) == {True}


def test_the_same_kernel_gives_the_same_gates_and_bits(record, verified, again):
    code, steps, _ = verified(record, *again)
    assert (code, steps["gates again"], steps["outputs"], steps["verdict again"]) == (
        0,
        True,
        True,
        True,
    )


def test_a_digest_that_was_changed_is_found_by_running_again(record, verified, again):
    forged = copy.deepcopy(record)
    forged["outputs"][3]["sha256"] = "ab" * 32
    forged["gates"] = [{**g, "value": g["value"] / 2} if g["name"] == "op_rel_rms" else g for g in forged["gates"]]
    assert verified(forged)[0] == 0  # nothing that a record alone could tell
    code, steps, _ = verified(forged, *again)
    assert (code, steps["outputs"]) == (1, False)


def hidden_state(result):
    """The gate of the final state that only the secret run shows."""
    (found,) = (g for g in result["gates"] if g["name"] == "state_rel_rms" and g["length"] % 2)
    return found


def test_a_hidden_final_state_is_reached_again(record, verified, again):
    forged = copy.deepcopy(record)
    hidden_state(forged).update(value=hidden_state(forged)["limit"] / 2)
    assert verified(forged)[0] == 0
    code, steps, said = verified(forged, *again)
    assert (code, steps["gates again"]) == (1, False)
    assert "state_rel_rms" in next(step["detail"] for step in said if step["name"] == "gates again")


def slowest(result):
    return max(result["measurements"][0]["classes"], key=lambda c: c["medianNs"])


def swap(outputs):
    other = next(i for i, o in enumerate(outputs) if o["input"] != outputs[0]["input"])
    outputs[0]["input"], outputs[other]["input"] = (
        outputs[other]["input"],
        outputs[0]["input"],
    )


def fail_gate(result):
    result["gates"][0] |= {"value": result["gates"][0]["limit"] + 1, "pass": False}


FORGERIES = {
    "another key": (lambda r: r["key"].update(value="00" * 32), "key"),
    "another commitment": (lambda r: r["key"].update(sha256="00" * 32), "key"),
    "a faster figure": (
        lambda r: r["measurements"][0].update(tokensPerSec=1e9),
        "figures",
    ),
    "a faster low end": (
        lambda r: r["measurements"][0].update(tokensPerSecLow=1e9),
        "figures",
    ),
    "a faster median": (lambda r: slowest(r).update(medianNs=1), "figures"),
    "more rounds than were played": (lambda r: slowest(r).update(rounds=slowest(r)["rounds"] + 1), "plan"),
    "classes in another order": (lambda r: swap(r["outputs"]), "plan"),
    "a round left out": (lambda r: r["outputs"].pop(1), "plan"),
    "the last rounds left out": (
        lambda r: r.update(outputs=r["outputs"][:-30]),
        "plan",
    ),
    "no rounds at all": (lambda r: r.update(outputs=[]), "plan"),
    "a gate that failed, as passed": (
        lambda r: r["gates"][0].update(value=1e9),
        "gates",
    ),
    "a gate that failed": (fail_gate, "verdict"),
    "a softer limit": (
        lambda r: next(g for g in r["gates"] if g["name"] == "op_rel_rms").update(limit=0.9),
        "gates",
    ),
    "a softer limit of a hidden final state": (
        lambda r: hidden_state(r).update(limit=0.9),
        "gates",
    ),
    "a verdict of its own": (
        lambda r: r["verdict"].update(status="rejected", reason="wrong_output"),
        "verdict",
    ),
    "a status of its own": (
        lambda r: r["verdict"].update(status="inconclusive"),
        "verdict",
    ),
    "no target": (lambda r: r["measurements"].pop(), "verdict"),
    "a published length left out": (lambda r: r["measurements"].pop(0), "verdict"),
    "a class left out": (lambda r: r["measurements"][0]["classes"].pop(0), "verdict"),
    "another task": (lambda r: r["task"].update(version=9), "task"),
    "an unknown field": (lambda r: r.update(extra=1), "schema"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_record_does_not_hold(record, verified, name):
    forge, step = FORGERIES[name]
    forged = copy.deepcopy(record)
    forge(forged)
    code, steps, _ = verified(forged)
    assert code == 1
    assert any(found.startswith(step) and agrees is False for found, agrees in steps.items()), steps


def test_other_files_are_not_run(record, verified, tmp_path):
    import shutil

    other = tmp_path / "fork"
    shutil.copytree(UPSTREAM, other, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "fla/ops/quasar/gate.py").open("a") as file:
        file.write("\n# mine\n")
    code, steps, _ = verified(record, "--path", str(other), "--upstream", str(UPSTREAM))
    assert (code, steps["files"]) == (1, False) and "outputs" not in steps


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "[]", "null", "\x00"])
def test_what_is_no_record_is_refused_or_differs(tmp_path, content, capsys):
    file = tmp_path / "result.json"
    file.write_text(content)
    assert main(["verify", str(file)]) in (1, 3)
    assert "Traceback" not in capsys.readouterr().err


def test_a_missing_file_is_refused(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "none.json")]) == 3
    assert "cannot read" in capsys.readouterr().err


def a_gate(name, value, limit):
    return {
        "name": name,
        "length": 512,
        "input": "mixed",
        "value": value,
        "limit": limit,
        "pass": True,
    }


@pytest.mark.parametrize(
    ("gate", "value", "same", "other"),
    [
        (a_gate("op_rel_rms", 0.006, 0.015), 0.0065, True, True),
        (a_gate("op_rel_rms", 0.006, 0.015), 0.008, False, True),
        (a_gate("op_rel_rms", 0.006, 0.015), 0.012, False, False),
        (a_gate("op_chunk_rms", 0.02, 0.045), 0.03, True, True),
        (a_gate("logits_cosine", 0.9999, 0.99), 0.9995, True, True),
        (a_gate("logits_cosine", 0.9999, 0.99), 0.992, False, False),
        (a_gate("finite", 0.0, 0.0), 0.0, True, True),
        (a_gate("finite", 0.0, 0.0), 1.0, False, False),
        (a_gate("op_rel_rms", None, 0.015), None, True, True),
        (a_gate("op_rel_rms", None, 0.015), 0.01, False, False),
        (a_gate("op_rel_rms", 0.05, 0.015), 0.0501, True, True),
    ],
)
def test_gate_values_agree_within_a_part_of_their_limit(gate, value, same, other):
    assert (replay.close(gate, value, False), replay.close(gate, value, True)) == (
        same,
        other,
    )


def test_only_rounds_that_both_played_are_compared():
    one = [{"length": 64, "input": "a", "round": i, "sha256": str(i)} for i in range(4)]
    two = [{**o, "sha256": "x"} if o["round"] == 2 else o for o in one[1:]]
    assert replay.unequal(one, two) == ([(64, "a", 2)], 3)


def test_where_the_verdict_is_another_the_judge_of_the_record_is_named():
    recorded = {"verdict": {"reason": "accepted"}, "judge": {"commit": "c0ffee"}}
    step = replay.compare_reason(recorded, replay.Replayed([], [], "op_error", ""))
    assert step.agrees is False and "c0ffee" in step.detail
    assert "c0ffee" not in replay.compare_reason(recorded, replay.Replayed([], [], "accepted", "")).detail


def test_cosines_are_the_gates_that_have_a_least_value():
    """`recheck` tells a floor by the name: every gate of the judge that is one must be called so."""
    import re

    sources = [p.read_text() for p in (REPOSITORY / "kernels/judge").rglob("*.py")]
    named = [name for text in sources for name in re.findall(r'at_least\(\s*f?"([^"]+)"', text)]
    assert named and all(recheck.is_floor(name) for name in named)


def test_help_says_what_a_record_alone_cannot_show(capsys):
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "Not checked without --path: that the kernel reached the recorded gate values" in said
    assert "finite only" in said and "Times are never measured again" in said


def test_a_record_that_holds_unrun_says_that_nothing_was_run(record, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(verify, "load_task", lambda name: small_task())
    file = tmp_path / "result.json"
    file.write_text(json.dumps(record))
    assert main(["verify", str(file)]) == 0
    assert "the record holds; not run without --path: the kernel" in capsys.readouterr().out
