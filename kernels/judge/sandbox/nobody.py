"""The uid that runs the kernel, and what it can reach on this host."""

from __future__ import annotations

import os
import subprocess

NOBODY = 65534
DROP = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--no-new-privs"]


def can_drop() -> bool:
    """Whether root can become this uid here: in a user namespace that maps few uids it cannot."""
    return subprocess.run(["setpriv", *DROP, "/usr/bin/true"], check=False, capture_output=True).returncode == 0


def reaches(path: str, write: bool = False) -> bool:
    """Whether the worker's real uid can read `path` (enter it, if it is a directory; write it too, if asked)."""
    enter = os.path.isdir(path)
    if os.geteuid() != 0:
        return os.access(path, os.R_OK | (os.X_OK if enter else 0) | (os.W_OK if write else 0))
    check = ["setpriv", *DROP, "/usr/bin/test", "-r", path]
    if enter:
        check += ["-a", "-x", path]
    if write:
        check += ["-a", "-w", path]
    return subprocess.run(check, check=False, capture_output=True).returncode == 0
