"""The table of a result: the check-run's, in a terminal."""

from __future__ import annotations

from judge.clock import yardstick
from judge.table import aligned, table
from judge.task import load_task

DEMO = load_task("quasar_demo")


def test_the_table_is_that_of_the_check_run():
    timing = {
        "input": "mixed",
        "rounds": 3,
        "medianNs": 4_000_000,
        "ciLowNs": 1,
        "ciHighNs": 5_000_000,
        "p90Ns": 1,
    }
    m = {
        "length": 64,
        "classes": [timing],
        "fixedNs": 1_000_000,
        "tokensPerSec": 12_800.0,
        "tokensPerSecLow": 10_666.0,
    }
    m |= {"opTokensPerSec": 16_000.0, "peakBytes": 3 * 2**20}
    result = {
        "verdict": {
            "status": "accepted",
            "reason": "accepted",
            "detail": "every gate passed",
        },
        "flags": ["no_sandbox"],
        "sandbox": {"active": [], "missing": ["seccomp"]},
        "measurements": [m],
        "gates": [],
        "device": {"kind": "cpu"},
        "conditions": {"yardstick": [{"name": "copy", "beforeNs": 1000, "afterNs": 1000}]},
        "untrusted": {"log": "\x1b[31m"},
    }
    text = table(result, DEMO.data)
    head, row = text.splitlines()[4:6]
    assert head.split("  ")[0].strip() == "length"
    assert row.split() == [
        "64",
        "12,800",
        "10,666",
        "16,000",
        "5.00",
        "mixed",
        "4.00",
        "ms",
        "3",
        "-",
    ]
    assert "no Referee takes it" in text and "seccomp" not in text and "\x1b" not in text
    on_gpu = table({**result, "device": {"kind": "cuda"}}, {"roofline": {"bytesPerToken": 4096}})
    bandwidth = yardstick.bytes_per_s({"copy": 1000})
    assert on_gpu.splitlines()[5].endswith(f"{64 * 4096 / bandwidth / 0.004:.1%}")
    assert aligned([("a", "bb"), ("ccc", "d")]) == ["  a  bb", "ccc   d"]
