"""How a worker is boxed in: the command line of bubblewrap, and what has to be there for it.

Started as root, the uid is dropped to the real 65534 before bubblewrap: otherwise "uid 65534" inside would be root of
the host outside, with /proc/sys writable.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from judge.faults import Refused

NOBODY = 65534
INSTALL_LINE = "apt-get install -y bubblewrap"
TREE, WORKER, SCRATCH = "/judge/tree", "/judge/worker", "/scratch"
DROP = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--no-new-privs"]
LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
ETC = ("/etc/ld.so.cache", "/etc/alternatives")
SHM_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Box:
    """Limits and places of one sandboxed process. `binds` are host paths shown read-only at a path inside."""

    limits: dict
    env: dict[str, str]
    binds: dict[str, str] = field(default_factory=dict)
    processes: int | None = None


def require_tools() -> None:
    """Raises Refused, with the line that mends it, when the sandbox cannot be built here."""
    if not sys.platform.startswith("linux"):
        raise Refused("the judge's sandbox needs Linux")
    if shutil.which("bwrap") is None:
        raise Refused(f"bubblewrap is missing, and without it nothing untrusted is run. Install it:\n  {INSTALL_LINE}")
    for tool in ("setpriv", "prlimit"):
        if shutil.which(tool) is None:
            raise Refused(f"{tool} is missing. Install it:\n  apt-get install -y util-linux")
    _require_readable_python()


def command(box: Box, seccomp_fd: int, info_fd: int, inner: list[str], joins: list[str]) -> list[str]:
    """The whole command line; `joins` are cgroup.procs files that the process enters before anything else."""
    limits = box.limits
    bwrap = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    bwrap += ["--hostname", "judge", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    for name, value in box.env.items():
        bwrap += ["--setenv", name, value]
    bwrap += _host_files()
    bwrap += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    bwrap += ["--size", str(SHM_BYTES), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    bwrap += ["--size", str(limits["scratchBytes"]), "--tmpfs", SCRATCH]
    for inside, outside in box.binds.items():
        bwrap += ["--ro-bind", outside, inside]
    bwrap += ["--remount-ro", "/", "--chdir", SCRATCH, "--seccomp", str(seccomp_fd), "--info-fd", str(info_fd), "--"]
    bwrap += _limited(limits, box.processes or limits["processes"], inner)
    if os.geteuid() == 0:
        bwrap = ["setpriv", *DROP, *bwrap]
    if joins:
        # A shell moves itself into the cgroups, so that nothing of the worker was ever outside of them.
        script = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1" || exit 97; shift; n=$((n-1)); done; exec "$@"'
        bwrap = ["/bin/sh", "-c", script, "sh", str(len(joins)), *joins, *bwrap]
    return bwrap


def worker_env(task_env: dict[str, str]) -> dict[str, str]:
    """All that a worker's environment holds."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "TRITON_CACHE_DIR": f"{SCRATCH}/triton",
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        **task_env,
    }


def readable_scratch(purpose: str, candidates: tuple[str, ...] | None = None) -> Path:
    """A new directory that the worker's uid can reach. Raises Refused when no temporary directory can be reached."""
    import tempfile

    for base in candidates or (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if _reachable(base):
            directory = Path(tempfile.mkdtemp(prefix=f"quasar-{purpose}-", dir=base))
            directory.chmod(0o755)
            return directory
    raise Refused(f"uid {NOBODY} can enter no temporary directory: set TMPDIR to one with mode 0755 all the way up")


def _limited(limits: dict, processes: int, inner: list[str]) -> list[str]:
    return [
        "prlimit",
        f"--as={limits['addressSpaceBytes']}",
        f"--nproc={processes}",
        "--nofile=1024",
        # Below the size of the scratch, so that a full scratch answers "no space" and not "file too large".
        f"--fsize={limits['scratchBytes'] // 2}",
        "--core=0",
        "--",
        *inner,
    ]


def _host_files() -> list[str]:
    """/usr, the loader's cache and the Python environment, read-only; nothing else of the host."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in LINKS:
        path = Path("/", name)
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            arguments += ["--ro-bind", str(path), str(path)]
    for path in ETC:
        if Path(path).exists():
            arguments += ["--ro-bind", path, path]
    for path in _python_roots():
        arguments += ["--ro-bind", path, path]
    return arguments


def _python_roots() -> list[str]:
    roots: list[str] = []
    for prefix in (sys.base_prefix, sys.prefix):
        path = os.path.abspath(prefix)
        if not path.startswith("/usr/") and path != "/usr" and path not in roots:
            roots.append(path)
    return roots


def _require_readable_python() -> None:
    torch = importlib.util.find_spec("torch")
    if torch is None or torch.origin is None:
        raise Refused(f"PyTorch is not installed for {sys.executable}: pip install -r kernels/requirements.txt")
    roots = [*_python_roots(), "/usr"]
    if not any(os.path.abspath(torch.origin).startswith(f"{root}/") for root in roots):
        raise Refused(f"{torch.origin} lies outside of the Python environment {sys.prefix}: install PyTorch into it")
    for path in (os.path.realpath(sys.executable), sys.executable, torch.origin):
        if not _reachable(path):
            raise Refused(
                f"uid {NOBODY}, which runs the kernel, cannot read {path}: a directory above it is closed to others. "
                "Make the Python environment on a readable path (for example /opt/quasar/venv, from /usr/bin/python3)."
            )


def _reachable(path: str) -> bool:
    """Whether the worker's real uid can read `path` (and enter it, if it is a directory)."""
    if os.geteuid() != 0:
        return os.access(path, os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK)
    check = ["setpriv", *DROP, "/usr/bin/test", "-r", path]
    if os.path.isdir(path):
        check += ["-a", "-x", path]
    return subprocess.run(check, check=False, capture_output=True).returncode == 0
