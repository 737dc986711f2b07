from __future__ import annotations

import json
import re

import pytest
from conftest import REPOSITORY
from judge import verdict

PASSED = {"name": "op_rel_rms", "length": 512, "input": "mixed", "value": 0.01, "limit": 0.015, "pass": True}
FAILED = {**PASSED, "value": 0.2, "pass": False}


def test_the_order_of_reasons_is_that_of_the_app():
    source = (REPOSITORY / "app/evaluations/reasons.ts").read_text()
    listed = re.search(r"JUDGE_REASONS = \[(.*?)\]", source, re.DOTALL)
    assert listed is not None
    assert ("accepted", *verdict.ORDER) == tuple(re.findall(r"'(\w+)'", listed[1]))


def test_the_statuses_are_those_of_the_app():
    source = (REPOSITORY / "app/evaluations/reasons.ts").read_text()
    for reason, status in re.findall(r"(\w+): rule\('(\w+)'", source):
        if reason != "accepted":
            assert verdict.decide([(reason, "")], [], True)["status"] == status


def test_accepted_needs_gates_and_a_figure():
    assert verdict.decide([], [PASSED], True)["status"] == "accepted"
    assert verdict.decide([], [PASSED], False)["reason"] == "infra"
    assert verdict.decide([], [], True)["reason"] == "infra"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("finite", "nonfinite"),
        ("op_rel_rms", "op_error"),
        ("state_rel_rms", "op_error"),
        ("logits_cosine", "logits"),
        ("timed_chunk_rms", "wrong_output"),
    ],
)
def test_each_gate_has_its_reason(name, reason):
    assert verdict.decide([], [PASSED, {**FAILED, "name": name}], True)["reason"] == reason


def test_the_first_reason_in_order_wins_wherever_it_was_found():
    faults = [("infra", "late"), ("timeout", "slow")]
    assert verdict.decide(faults, [FAILED], True) == {"status": "rejected", "reason": "timeout", "detail": "slow"}
    assert verdict.decide([("infra", "late")], [FAILED], True)["reason"] == "op_error"


def test_an_unknown_reason_is_a_bug():
    with pytest.raises(ValueError, match="not a reason"):
        verdict.decide([("sunspots", "")], [], True)


def test_a_long_detail_is_cut():
    assert len(verdict.decide([("infra", "x" * 10_000)], [], True)["detail"]) == 4000


def test_exit_codes_are_those_of_the_command_line():
    assert json.loads(json.dumps(verdict.EXIT_CODES)) == {"accepted": 0, "rejected": 1, "inconclusive": 3}
