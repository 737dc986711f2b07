"""Git for tests, whoever runs them: no configuration of the machine's, and an author of its own."""

from __future__ import annotations

import os
import subprocess

ENV = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(*arguments, cwd):
    """-> what it printed."""
    done = subprocess.run(
        ["git", *arguments], cwd=cwd, env={**os.environ, **ENV}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
