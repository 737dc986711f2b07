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
from functools import cache
from pathlib import Path

from judge.faults import Refused
from judge.sandbox import identity
from judge.sandbox.gpu_files import GpuFiles
from judge.sandbox.nobody import DROP, NOBODY, can_drop, reaches

INSTALL_LINE = "apt-get install -y bubblewrap"
TREE, WORKER, SCRATCH = "/judge/tree", "/judge/worker", "/scratch"
LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
ETC = ("/etc/ld.so.cache", "/etc/alternatives")
SHM_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Box:
    """Limits and places of one sandboxed process. `binds` are host paths shown read-only at a path inside; `masks`
    likewise, over files of /proc; `gpu` is what it sees of one GPU, None for a worker on the CPU."""

    limits: dict
    env: dict[str, str]
    binds: dict[str, str] = field(default_factory=dict)
    processes: int | None = None
    masks: dict[str, str] = field(default_factory=dict)
    gpu: GpuFiles | None = None

    @property
    def memory_bytes(self) -> int:
        """Memory of the host that the whole box may use: CUDA reserves far more addresses than it uses memory."""
        if self.gpu is None:
            return self.limits["addressSpaceBytes"]
        return self.limits.get("memoryBytes", self.limits["addressSpaceBytes"])


def require_tools() -> None:
    """Raises Refused, with the line that mends it, when the sandbox cannot be built here."""
    if not sys.platform.startswith("linux"):
        raise Refused("the judge's sandbox needs Linux")
    if shutil.which("bwrap") is None:
        raise Refused(f"bubblewrap is missing, and without it nothing untrusted is run. Install it:\n  {INSTALL_LINE}")
    for tool in ("setpriv", "prlimit"):
        if shutil.which(tool) is None:
            raise Refused(f"{tool} is missing. Install it:\n  apt-get install -y util-linux")
    if os.geteuid() == 0 and not can_drop():
        raise Refused(
            f"root cannot become uid {NOBODY} here (a container with few uids, or without CAP_SETUID): start the judge "
            "as an ordinary user, or give the container more uids"
        )
    _require_readable_python()


def command(box: Box, seccomp_fd: int, info_fd: int, inner: list[str], joins: list[str]) -> list[str]:
    """The whole command line; `joins` are cgroup.procs files that the process enters before anything else."""
    limits = box.limits
    bwrap = [*_namespaces(), "--hostname", "judge", "--new-session", "--clearenv"]
    for name, value in box.env.items():
        bwrap += ["--setenv", name, value]
    bwrap += [*_host_files(), *_proc(box.masks), "--dev", "/dev"]
    bwrap += ["--size", str(SHM_BYTES), "--tmpfs", "/dev/shm"]
    if box.gpu is not None:
        for device in box.gpu.devices:
            bwrap += ["--dev-bind", device, device]
        for library in box.gpu.libraries:
            bwrap += ["--ro-bind", library, library]
    bwrap += ["--remount-ro", "/dev", "--size", str(limits["scratchBytes"]), "--tmpfs", SCRATCH]
    for inside, outside in box.binds.items():
        bwrap += ["--ro-bind", outside, inside]
    bwrap += ["--remount-ro", "/", "--chdir", SCRATCH, "--seccomp", str(seccomp_fd), "--info-fd", str(info_fd), "--"]
    bwrap = _dropped(bwrap + _limited(box, inner))
    # The shell moves itself into the cgroups, so that nothing of the worker was ever outside of them, and offers itself
    # first should the host run out of memory.
    script = (
        "echo 1000 > /proc/self/oom_score_adj; "
        'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1" || exit 97; shift; n=$((n-1)); done; exec "$@"'
    )
    return ["/bin/sh", "-c", script, "sh", str(len(joins)), *joins, *bwrap]


def masks(place: Path) -> dict[str, str]:
    """Neutral files below `place` for `Box.masks`: those over what names this host that a box here can be given."""
    return identity.masks(place, lambda covers: _builds([*_host_files(), *_proc(covers), "--remount-ro", "/"]))


def worker_env(task_env: dict[str, str], gpu: GpuFiles | None = None) -> dict[str, str]:
    """All that a worker's environment holds. Triton is never interpreted where there is a GPU."""
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "TRITON_CACHE_DIR": f"{SCRATCH}/triton",
        "TORCHINDUCTOR_CACHE_DIR": f"{SCRATCH}/inductor",
        # The box has no list of users to look a name up in.
        "LOGNAME": "worker",
        "LC_ALL": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        **({} if gpu is None else gpu.env),
        **task_env,
    }
    if gpu is not None:
        env.pop("TRITON_INTERPRET", None)
    return env


def _namespaces() -> list[str]:
    bwrap = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    return [*bwrap, "--die-with-parent", "--cap-drop", "ALL"]


def _proc(covers: dict[str, str]) -> list[str]:
    # CUDA needs the /proc of its own pid namespace.
    arguments = ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"]
    for inside, cover in covers.items():
        arguments += ["--ro-bind", cover, inside]
    return arguments


def _dropped(bwrap: list[str]) -> list[str]:
    return [*_whole_proc(), "setpriv", *DROP, *bwrap] if os.geteuid() == 0 else bwrap


@cache
def _whole_proc() -> list[str]:
    """Prefix of root's commands in a container that covers parts of its /proc, as those with a GPU do.

    The kernel lets a user namespace mount a /proc only where a whole one can be seen: root mounts one first, in a mount
    namespace of the worker's own.
    """
    trial = ["setpriv", *DROP, *_namespaces(), *_host_files(), *_proc({}), "--", "/usr/bin/true"]
    script = 'mount -t proc proc /proc && exec "$@"'
    prefix = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh"]
    return prefix if not _succeeds(trial) and _succeeds([*prefix, *trial]) else []


def _builds(arguments: list[str]) -> bool:
    """Whether a box with these arguments can be made here."""
    return _succeeds(_dropped([*_namespaces(), *arguments, "--", "/usr/bin/true"]))


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _limited(box: Box, inner: list[str]) -> list[str]:
    limits = box.limits
    # CUDA reserves far more addresses than a host has memory: a GPU worker is held by the limit of its box.
    addresses = [] if box.gpu is not None else [f"--as={limits['addressSpaceBytes']}"]
    return [
        "prlimit",
        *addresses,
        f"--nproc={box.processes or limits['processes']}",
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
    # The interpreter's links may lead to a directory that is neither prefix.
    interpreter = os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))
    for prefix in (sys.base_prefix, sys.prefix, interpreter):
        path = os.path.abspath(prefix)
        if not f"{path}/".startswith(("/usr/", *(f"{root}/" for root in roots))):
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
        if not reaches(path):
            raise Refused(
                f"uid {NOBODY}, which runs the kernel, cannot read {path}: a directory above it is closed to others. "
                "Make the Python environment on a readable path (for example /opt/quasar/venv, from /usr/bin/python3)."
            )
