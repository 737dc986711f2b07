"""Recorded facts -> the verdict with one reason. Pure; the order of the reasons is the contracts'."""

from __future__ import annotations

from collections.abc import Sequence

from judge.gates.gates import REASONS, describe, family

ORDER = (
    "import_error",
    "early_exit",
    "resource_limit",
    "unsupported",
    "timeout",
    "protocol_error",
    "nonfinite",
    "op_error",
    "logits",
    "wrong_output",
    "input_modified",
    "implausible",
    "unstable",
    "infra",
)
INCONCLUSIVE = frozenset({"implausible", "unstable", "infra"})
EXIT_CODES = {"accepted": 0, "rejected": 1, "inconclusive": 3}
MAX_DETAIL = 4000


def decide(faults: Sequence[tuple[str, str]], gates: Sequence[dict], measured: bool) -> dict:
    """-> {status, reason, detail}.

    `faults` are (reason, detail) pairs, `gates` the gate results. Accepted needs at least one gate, every gate passed,
    no fault and a measurement of the target length; what is missing without a reason is the judge's own fault.
    """
    found: dict[str, str] = {}
    for reason, detail in faults:
        if reason not in ORDER:
            raise ValueError(f"not a reason: {reason}")
        found.setdefault(reason, detail)
    for gate in gates:
        if not gate["pass"]:
            found.setdefault(REASONS[family(gate["name"])], describe(gate))
    if not found and not (gates and measured):
        found["infra"] = "the judge ended without a figure and without a reason"
    if not found:
        return {"status": "accepted", "reason": "accepted", "detail": "every gate passed"}
    reason = min(found, key=ORDER.index)
    status = "inconclusive" if reason in INCONCLUSIVE else "rejected"
    return {"status": status, "reason": reason, "detail": found[reason][:MAX_DETAIL]}
