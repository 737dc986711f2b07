"""Temporary directories that the worker's uid can reach; those of judges that were killed are removed by the next.

Whoever uses one holds a lock on it, which the kernel gives back when the holder ends, in whatever way and in whatever
pid namespace.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from judge.faults import Refused
from judge.sandbox.nobody import NOBODY, reaches

PREFIX = "quasar-scratch-"


class Scratch:
    """A new directory `path`, readable by everybody, until `remove`.

    Making one removes what judges of this user that have ended left beside it. Raises Refused when the worker's uid can
    enter no temporary directory.
    """

    def __init__(self, purpose: str, candidates: Sequence[str] | None = None):
        base = _base(candidates or (tempfile.gettempdir(), "/tmp", "/var/tmp"))
        _sweep(base)
        self.path, self._lock = _locked(base, purpose)
        self.path.chmod(0o755)

    def remove(self) -> None:
        """Removes the directory with all that is in it; once is enough."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1

    @classmethod
    @contextmanager
    def during(cls, purpose: str):
        """-> its path, for as long as the block runs."""
        scratch = cls(purpose)
        try:
            yield scratch.path
        finally:
            scratch.remove()


def _base(candidates: Sequence[str]) -> Path:
    for base in candidates:
        if reaches(base):
            return Path(base)
    raise Refused(f"uid {NOBODY} can enter no temporary directory: set TMPDIR to one with mode 0755 all the way up")


def _locked(base: Path, purpose: str) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{purpose}-", dir=base))
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is(path, lock):
                return path, lock
            os.close(lock)
        # Another judge's sweep came between making and locking.


def _sweep(base: Path) -> None:
    for old in base.glob(f"{PREFIX}*"):
        try:
            lock = os.open(old, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # gone, no directory, or another user's
        try:
            if os.fstat(lock).st_uid == os.geteuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is(old, lock):
                    shutil.rmtree(old, ignore_errors=True)
        except BlockingIOError:
            pass  # in use
        finally:
            os.close(lock)


def _is(path: Path, descriptor: int) -> bool:
    """Whether the directory that was opened still stands at its path."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
