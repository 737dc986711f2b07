"""The cases of tests/corpus, read strictly: a folder each, with what must come out of it. See its README."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from judge.corpus.small_task import MINIATURE, TASKS
from judge.task import KERNELS_DIR

CORPUS = KERNELS_DIR.parent / "tests/corpus"
HONEST = CORPUS / "honest"
CHUNK = "fla/ops/quasar/chunk.py"
# The vectorised chunk.py: the miniature's own queues a thousand launches on a GPU for every 64 rows of a sequence.
VECTORISED = MINIATURE.parent / "forks/faster"
REQUIRED = {"about", "stage", "verdict", "reasons", "also_with_scan_off", "devices", "scan", "gain"}
OPTIONAL = {"append", "base", "by", "flags", "limits", "log", "twin"}


class CorpusError(Exception):
    """A case that cannot be read, or a run that cannot be made; the message names it."""


def base_files(targets: Sequence[str]) -> dict[str, bytes]:
    """What cases are laid over, on every device: the miniature's target files with the vectorised chunk.py."""
    return {path: ((VECTORISED if path == CHUNK else MINIATURE) / path).read_bytes() for path in targets}


@dataclass(frozen=True)
class Case:
    """`name` is the folder's, such as `A05_early_exit_import`; ids are shared by the variants of one trick."""

    name: str
    folder: Path
    expect: dict

    @property
    def id(self) -> str:
        return self.name.split("_", 1)[0]

    @property
    def honest(self) -> bool:
        """Whether it is a control."""
        return self.folder.parent.name == "honest"

    def over(self, control: str) -> Case:
        """The same trick laid over, and held against, an honest control.

        No flag is expected of it: a worker's own account of a call as short as a fast control's may be 2 ms off.
        """
        return replace(self, expect={**self.expect, "base": control, "twin": control, "flags": []})

    def files(self, upstream: Path, targets: Sequence[str]) -> dict[str, bytes]:
        """The submission: the base's target files with the folder's laid over them."""
        base = self.expect.get("base")
        if base is None:
            files = base_files(targets)
        elif base == "upstream":
            files = {path: (upstream / path).read_bytes() for path in targets}
        else:
            files = _read(HONEST / base / "expect.json").files(upstream, targets)
        for file in sorted(self.folder.rglob("*")):
            path = file.relative_to(self.folder).as_posix()
            if not file.is_file() or path == "expect.json":
                continue
            joined = self.expect.get("append") and path == CHUNK
            files[path] = files[path] + b"\n\n" + file.read_bytes() if joined else file.read_bytes()
        return files


def load_cases(only: Sequence[str] = (), corpus: Path = CORPUS) -> list[Case]:
    """Cheats and honest controls in order of name; `only` keeps those with such an id or name.

    Raises CorpusError with the file that is wrong.
    """
    cases = [_read(file) for file in sorted(corpus.glob("*/*/expect.json"))]
    names, ids = {case.name for case in cases}, {case.id for case in cases}
    for case in cases:
        if (case.expect["gain"] is None) != ("twin" not in case.expect) or case.expect.get(
            "twin", case.name
        ) not in names:
            raise CorpusError(f"{case.folder}/expect.json: `gain` needs a `twin` among the cases, and a twin a gain")
    unknown = [name for name in only if name not in names | ids]
    if unknown:
        raise CorpusError(f"no case has the id or name {unknown[0]!r}: see {corpus}")
    return [case for case in cases if not only or case.name in only or case.id in only]


def _read(file: Path) -> Case:
    try:
        expect = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise CorpusError(f"{file}: {error}") from error
    missing, unknown = REQUIRED - expect.keys(), expect.keys() - REQUIRED - OPTIONAL
    if missing or unknown:
        raise CorpusError(f"{file}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    if set(expect["devices"]) - TASKS.keys() or not (expect["devices"] or expect.get("by")):
        raise CorpusError(f"{file}: `devices` are of {sorted(TASKS)}, or none where `by` names the tests that judge it")
    if expect.get("base", "upstream") != "upstream" and not (HONEST / expect["base"] / "expect.json").is_file():
        raise CorpusError(f"{file}: `base` is `upstream` or the name of an honest control")
    return Case(file.parent.name, file.parent, expect)
