"""The judge on a local tree, for its author: the same gates and clock, no claim, nothing that ranks."""

from __future__ import annotations

from pathlib import Path

from judge.claim import Claim
from judge.faults import Refused
from judge.task import Task


def local_claim(task: Task, path: Path, lengths: list[int], device: str) -> Claim:
    """The five files of a checkout as a claim without evaluation and nonce; the longest length is the target."""
    if not path.is_dir():
        raise Refused(f"{path} is not a directory: --path takes a checkout of your fork")
    files = {}
    for name in task.data["targetFiles"]:
        file = path / name
        if file.is_symlink() or not file.is_file():
            raise Refused(
                f"{file} is missing (or a link): a submission has all of {', '.join(task.data['targetFiles'])}"
            )
        files[name] = file.read_bytes()
    if not lengths:
        target = task.data["targetLengths"]["min"] if device == "cuda" else max(task.data["lengths"])
        lengths = sorted({*task.data["lengths"], target})
    if any(not 64 <= n <= 4_194_304 for n in lengths):
        raise Refused("--seq-len takes lengths from 64 to 4194304")
    return Claim(
        evaluation=None,
        nonce=None,
        task=task.identity(),
        upstream=task.upstream,
        lengths=tuple(lengths),
        target_length=max(lengths),
        files=files,
        total_seconds=task.limits["totalSeconds"],
    )


def table(result: dict) -> str:
    """The result for people."""
    verdict = result["verdict"]
    lines = [f"{verdict['status']}: {verdict['reason']}", f"  {verdict['detail']}"]
    if result["measurements"]:
        lines += [
            "",
            f"{'length':>9} {'tokens/s':>12} {'low end':>12} {'op tokens/s':>12} {'fixed ms':>9} {'slowest class':>24}",
        ]
    for m in sorted(result["measurements"], key=lambda m: m["length"]):
        slowest = max(m["classes"], key=lambda c: c["medianNs"])
        share = f"{slowest['input']} {slowest['medianNs'] / 1e6:.2f} ms"
        lines.append(
            f"{m['length']:>9} {m['tokensPerSec']:>12,.0f} {m['tokensPerSecLow']:>12,.0f} "
            f"{m['opTokensPerSec']:>12,.0f} {m['fixedNs'] / 1e6:>9.2f} {share:>24}"
        )
    shown = [g for g in result["gates"] if not g["pass"] or g["name"].endswith(("rel_rms", "cosine", "diff"))]
    if shown:
        lines += ["", f"{'gate':22} {'input':15} {'length':>7} {'value':>10} {'limit':>8}"]
    for g in shown:
        value = "not finite" if g["value"] is None else f"{g['value']:.4g}"
        mark = "" if g["pass"] else "  FAILED"
        lines.append(f"{g['name']:22} {g['input']:15} {g['length']:>7} {value:>10} {g['limit']:>8g}{mark}")
    if result["sandbox"]["missing"]:
        lines += ["", f"missing protections: {', '.join(result['sandbox']['missing'])}"]
    if verdict["status"] != "accepted" and result["untrusted"]["log"].strip():
        lines += ["", "end of the kernel's own output:"]
        lines += [f"  | {printable(line)}" for line in result["untrusted"]["log"].strip().splitlines()[-15:]]
    return "\n".join(lines)


def printable(text: str) -> str:
    """Text of the untrusted side without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[:500])
