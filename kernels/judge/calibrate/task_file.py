"""Writing measured numbers into a task.json: its text stays as it is, but for the limits and the clock's own times."""

from __future__ import annotations

import json
import re

GATES = re.compile(r'(^  "gates": \[\n)(.*?)(^  \])', re.MULTILINE | re.DOTALL)


def with_limits(text: str, gates: list[dict]) -> str:
    """One gate a line, in the order given. Raises ValueError when the text has no list of gates in this layout."""
    lines = ",\n".join(f"    {_gate(g)}" for g in gates)
    return _replaced(GATES, text, lambda found: f"{found[1]}{lines}\n{found[3]}", "gates", gates)


def with_own_ns(text: str, kind: str, own_ns: dict[int, int]) -> str:
    """`timing.<kind>.ownNs`, where it stands. Raises ValueError when the text has none."""
    entries = ", ".join(f'"{length}": {ns}' for length, ns in sorted(own_ns.items()))
    inside = f"{{ {entries} }}" if entries else "{}"
    place = re.compile(rf'("{kind}": \{{[^{{}}]*?"ownNs": )\{{[^}}]*\}}')
    timing = json.loads(text)["timing"]
    timing[kind]["ownNs"] = {str(length): ns for length, ns in sorted(own_ns.items())}
    return _replaced(place, text, lambda found: found[1] + inside, "timing", timing)


def _gate(gate: dict) -> str:
    return "{ " + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in gate.items()) + " }"


def _replaced(place: re.Pattern, text: str, replacement, key: str, value: object) -> str:
    new, count = place.subn(replacement, text, count=1)
    if count != 1 or json.loads(new) != {**json.loads(text), key: value}:
        raise ValueError(f"this task.json has another layout than expected: write {key} by hand")
    return new
