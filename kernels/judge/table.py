"""A result for people, as the check-run shows it: figures by length, then the gates."""

from __future__ import annotations

from judge.clock import physics

HEAD = ("length", "tokens/s", "low end", "op tokens/s", "layer ms", "slowest class", "peak MiB", "roofline")


def table(result: dict, task: dict) -> str:
    """`task`: the task's record, for its roofline."""
    verdict = result["verdict"]
    lines = [f"{verdict['status']}: {verdict['reason']}", f"  {verdict['detail']}"]
    if "no_sandbox" in result["flags"]:
        lines.append("  run without the sandbox: for your eyes only, no Referee takes it")
    if result["measurements"]:
        rows = [
            _row(m, _roofline_share(m, result, task)) for m in sorted(result["measurements"], key=lambda m: m["length"])
        ]
        lines += ["", *aligned([HEAD, *rows])]
    shown = [g for g in result["gates"] if not g["pass"] or g["name"].endswith(("rel_rms", "cosine", "diff"))]
    if shown:
        lines += ["", f"{'gate':22} {'input':15} {'length':>7} {'value':>10} {'limit':>8}"]
    for g in shown:
        value = "not finite" if g["value"] is None else f"{g['value']:.4g}"
        mark = "" if g["pass"] else "  FAILED"
        lines.append(f"{g['name']:22} {g['input']:15} {g['length']:>7} {value:>10} {g['limit']:>8g}{mark}")
    if result["sandbox"]["missing"] and "no_sandbox" not in result["flags"]:
        lines += ["", f"missing protections: {', '.join(result['sandbox']['missing'])}"]
    if result["flags"]:
        lines += ["", f"flags: {', '.join(result['flags'])}"]
    if verdict["status"] != "accepted" and result["untrusted"]["log"].strip():
        lines += ["", "end of the kernel's own output:"]
        lines += [f"  | {printable(line)}" for line in result["untrusted"]["log"].strip().splitlines()[-15:]]
    return "\n".join(lines)


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows of equal length as lines, every column right-aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def printable(text: str) -> str:
    """Text of the untrusted side without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[:500])


def _row(m: dict, share: float | None) -> tuple[str, ...]:
    slowest = max(m["classes"], key=lambda c: c["medianNs"])
    return (
        str(m["length"]),
        f"{m['tokensPerSec']:,.0f}",
        f"{m['tokensPerSecLow']:,.0f}",
        f"{m['opTokensPerSec']:,.0f}",
        f"{(m['fixedNs'] + slowest['medianNs']) / 1e6:.2f}",
        f"{slowest['input']} {slowest['medianNs'] / 1e6:.2f} ms",
        f"{m['peakBytes'] / 2**20:,.0f}" if m["peakBytes"] else "-",
        "-" if share is None else f"{share:.1%}",
    )


def _roofline_share(m: dict, result: dict, task: dict) -> float | None:
    """None on a CPU, whose copy says little about its memory, and for a task without a roofline."""
    from judge.clock import yardstick  # loads PyTorch

    copies = {y["name"]: y["beforeNs"] for y in result["conditions"]["yardstick"]}
    if result["device"]["kind"] != "cuda" or "roofline" not in task or not copies.get("copy"):
        return None
    slowest = max(c["medianNs"] for c in m["classes"])
    bandwidth = yardstick.bytes_per_s(copies)
    return physics.roofline_share(m["length"], slowest, task["roofline"]["bytesPerToken"], bandwidth)
