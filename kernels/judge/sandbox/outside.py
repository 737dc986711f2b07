"""What the host's kernel says about the processes of a box; nothing in here asks the worker."""

from __future__ import annotations

import os
from pathlib import Path

from judge.faults import Refused

NAMESPACES = {"net": "net", "pid": "pid", "ipc": "ipc", "mnt": "mount", "uts": "uts", "user": "user"}
# Without any one of these a verdict does not rank.
REQUIRED = (
    "net_namespace",
    "pid_namespace",
    "ipc_namespace",
    "mount_namespace",
    "no_capabilities",
    "no_new_privs",
    "seccomp",
    "real_uid_not_0",
    "pids_limit",
    "memory_limit",
)
# Seen to hold by the probe's attempts, and not to be seen in a running worker from outside.
PROBED = frozenset({"pids_limit", "memory_limit"})
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
OPTIONAL = ("uts_namespace", "user_namespace", "cgroup_pids", "cgroup_memory", "masked_identity")
GPU_OPTIONAL = ("gpu_devices_only",)


def require(running: set[str], probed: set[str]) -> None:
    """Raises Refused when a running worker lacks a required protection; of the limits the probe's word is taken."""
    lacking = [name for name in REQUIRED if name not in running | (PROBED & probed)]
    if lacking:
        raise Refused(f"the worker runs without {', '.join(lacking)}: run `python -m judge probe`")


def protections(states: list[dict], root_pid: int | None) -> set[str]:
    """What holds for every process of the box but the limits, which only an attempt can show."""
    workers = [s for s in states if s["pid"] != root_pid]
    own = namespaces("self")
    seen = set()
    for name, label in NAMESPACES.items():
        # A worker can hide its own links from an unprivileged judge, but not those of bubblewrap's first process.
        shown = {state["ns"][name] for state in states if name in state["ns"]}
        if shown and own.get(name) not in shown:
            seen.add(f"{label}_namespace")
    checks = {
        "no_capabilities": all(s[cap] == 0 for s in workers for cap in CAPABILITIES),
        "no_new_privs": all(s["NoNewPrivs"] == 1 for s in workers),
        "seccomp": all(s["Seccomp"] == 2 for s in workers),
        "real_uid_not_0": all(0 not in s["Uid"] for s in states),
    }
    return seen | {name for name, holds in checks.items() if holds}


def state(pid: int) -> dict | None:
    """The lines of /proc/<pid>/status that matter here; None when the process has ended, reaped or not."""
    try:
        # The process chooses its own name: any bytes, form feeds and half characters among them.
        text = Path(f"/proc/{pid}/status").read_bytes().decode("latin-1")
    except OSError:
        return None
    lines = {name: value for name, _, value in (line.partition(":") for line in text.split("\n"))}
    if lines["State"].split()[0] in "ZX":
        return None
    found: dict = {"pid": pid, "ns": namespaces(pid), "Uid": [int(u) for u in lines["Uid"].split()]}
    for name in CAPABILITIES:
        found[name] = int(lines[name], 16)
    for name in ("NoNewPrivs", "Seccomp"):
        found[name] = int(lines[name])
    found["VmHWM"] = int(lines.get("VmHWM", "0 kB").split()[0])
    return found


def namespaces(pid: int | str) -> dict[str, str]:
    found = {}
    for name in NAMESPACES:
        try:
            found[name] = os.readlink(f"/proc/{pid}/ns/{name}")
        except OSError:
            continue  # not ours to read: counts as not seen
    return found
