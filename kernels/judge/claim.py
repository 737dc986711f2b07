"""What the App handed over: read strictly, because the files in it decide what is run."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from judge.faults import Refused


@dataclass(frozen=True)
class Claim:
    """`evaluation` and `nonce` are None for a bench of one's own tree."""

    evaluation: int | None
    nonce: str | None
    task: dict
    upstream: dict
    lengths: tuple[int, ...]
    target_length: int
    files: dict[str, bytes]
    total_seconds: float


def read_claim(path: Path) -> Claim:
    """Raises Refused with the field that is wrong."""
    try:
        data = json.loads(Path(path).read_bytes())
        files = {entry["path"]: _content(entry) for entry in data["files"]}
        if len(files) != len(data["files"]):
            raise Refused("the claim lists a file twice")
        return Claim(
            evaluation=int(data["evaluation"]),
            nonce=str(data["nonce"]),
            task=dict(data["task"]),
            upstream=dict(data["upstream"]),
            lengths=tuple(int(n) for n in data["lengths"]),
            target_length=int(data["targetLength"]),
            files=files,
            total_seconds=float(data["limits"]["totalSeconds"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"cannot read the claim {path}: {type(error).__name__}: {error}") from error


def _content(entry: dict) -> bytes:
    try:
        content = base64.b64decode(entry["base64"], validate=True)
    except binascii.Error as error:
        raise Refused(f"the claim's {entry['path']} is not base64") from error
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise Refused(f"the claim's {entry['path']} does not have the sha256 that the claim says")
    return content
