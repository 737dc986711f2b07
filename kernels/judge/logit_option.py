"""Which directory has a real model's weights for the logit gate: the option's, else the one that the host names."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from judge.faults import Refused

OPTION, VARIABLE = "--logit-weights", "QUASAR_LOGIT_WEIGHTS"
FILES = ("config.json", "model.safetensors")
# The result's name of a model says where its weights are from.
READ = "read"


def add_option(command: argparse.ArgumentParser) -> None:
    text = f"a real model's weights, for the logit gate on a GPU (default: what {VARIABLE} names, else drawn weights)"
    command.add_argument(OPTION, type=Path, metavar="DIR", help=text)


def directory(given: Path | None, environment: Mapping[str, str], kind: str) -> Path | None:
    """`given`, else the directory of the host's configuration; None where weights are drawn.

    The host's is for its GPU, a CPU judges without it. Raises Refused, before PyTorch is loaded, for what has not the
    files of a model; what is in them is looked at when they are read.
    """
    if given is not None:
        return _with_files(given, OPTION)
    text = environment.get(VARIABLE, "").strip()
    if text == "" or kind == "cpu":
        return None
    if not os.path.isabs(text):
        raise Refused(f"{VARIABLE}={text[:200]!r} is no absolute path: correct or remove it")
    return _with_files(Path(text), VARIABLE)


def for_record(result: dict, given: Path | None, environment: Mapping[str, str], kind: str) -> Path | None:
    """What a record's logits were made with, for making them again on a device of this kind.

    None for drawn weights, whatever the host has. Raises Refused where the record's model is not at hand.
    """
    if kind == "cpu" or not result.get("logits", {}).get("model", "").endswith(f"{READ} weights"):
        return None
    found = directory(given, environment, kind)
    if found is None:
        raise Refused(f"the record's logits are of a real model: name its directory with {OPTION} or {VARIABLE}")
    return found


def _with_files(found: Path, name: str) -> Path:
    # os.path, unlike pathlib, has an answer also where this user may not look.
    missing = [file for file in FILES if not os.path.isfile(found / file)]
    if missing:
        what = f"has no {' and no '.join(missing)}" if os.path.isdir(found) else "is no directory"
        raise Refused(
            f"{name} names {str(found)[:200]!r}, which {what} that this user can read: name the directory of a "
            "downloaded Qwen2.5-0.5B, or leave it out for weights from the key"
        )
    return found
