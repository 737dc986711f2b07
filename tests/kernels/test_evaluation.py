"""A whole evaluation of the miniature at small sizes, and what its result holds. Cheats: test_corpus.py."""

from __future__ import annotations

import pytest
from judged import judge, reason_of

pytestmark = pytest.mark.usefixtures("sandbox_tools")

ZEROS = "def chunk_quasar(q, *a, **k): return torch.zeros_like(q), None"


def test_an_accepted_result_has_its_figures_its_protections_and_its_key(tmp_path):
    result = judge(tmp_path)
    assert reason_of(result) == "accepted", result["verdict"]
    assert {m["length"] for m in result["measurements"]} == {128, 192}
    for measurement in result["measurements"]:
        assert [c["rounds"] for c in measurement["classes"]] == [1] * 6
        assert measurement["tokensPerSecLow"] <= measurement["tokensPerSec"] < measurement["opTokensPerSec"]
    assert result["sandbox"]["missing"] == [] or set(result["sandbox"]["missing"]) <= {"cgroup_pids", "cgroup_memory"}
    commitments = [line["keySha256"] for line in result["progress"] if "keySha256" in line]
    assert commitments == [result["key"]["sha256"]]


def test_without_the_sandbox_the_record_says_so(tmp_path):
    result = judge(tmp_path, after=ZEROS, boxed=False)
    assert reason_of(result) == "op_error"
    assert result["flags"] == ["no_sandbox"]
    assert result["sandbox"]["active"] == [] and "seccomp" in result["sandbox"]["missing"]
