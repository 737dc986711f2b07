from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import REPOSITORY, need
from judge.faults import Fault, Refused
from judge.sandbox import cgroup, gpu_files, identity, outside, probe, sandbox
from judge.sandbox.gpu_files import GpuFiles
from judge.sandbox.launch import Process
from judge.sandbox.scratch import Scratch
from judge.sandbox.why_not_built import why_not_built
from judge.task import load_task

TASK = load_task("quasar_demo")
HOSTILE_HEAD = "import json, os, sys, time\nconfig = json.load(sys.stdin)\n"

pytestmark = pytest.mark.usefixtures("sandbox_tools")


@pytest.fixture
def start():
    """Starts a script in the worker's box; whatever a test does, its box is ended."""
    processes, places = [], []

    def begin(script: str, gpu: GpuFiles | None = None, **limits) -> Process:
        places.append(Scratch("test"))
        place = places[-1].path
        (place / "main.py").write_text(HOSTILE_HEAD + script)
        binds, env = {sandbox.WORKER: str(place)}, sandbox.worker_env({}, gpu)
        box = sandbox.Box({**TASK.limits, **limits}, env, binds, masks=sandbox.masks(place), gpu=gpu)
        processes.append(Process(box, f"{sandbox.WORKER}/main.py", {}, []))
        return processes[-1]

    yield begin
    for process in processes:
        process.close()
    for place in places:
        place.remove()


def answer(process: Process, timeout_s: float = 60.0) -> bytes:
    import select

    if not select.select([process.pipes.reply], [], [], timeout_s)[0]:
        return b""
    return os.read(process.pipes.reply, 65536)


@pytest.fixture
def stand_in() -> GpuFiles:
    """The box of a GPU worker where there is no GPU: another device that everybody may open is in its place."""
    need(os.path.exists("/dev/fuse") and shutil.which("cc") is not None, "/dev/fuse and a C compiler")
    others = tuple(path for path in ("/dev/kvm", "/dev/kmsg") if os.path.exists(path))
    return GpuFiles(("/dev/fuse",), (), {"CC": gpu_files.compiler(), "CUDA_VISIBLE_DEVICES": "0"}, others)


def test_every_hostile_attempt_is_stopped_and_every_required_protection_holds():
    seen = probe.attempt(TASK)
    assert [name for name, stopped in seen["findings"].items() if not stopped] == []
    assert set(outside.REQUIRED) <= set(seen["protections"])


def test_a_box_for_a_gpu_shows_its_device_and_no_other_and_is_as_tight(stand_in):
    seen = probe.attempt(TASK, stand_in)
    assert [name for name, stopped in seen["findings"].items() if not stopped] == []
    assert {*outside.REQUIRED, "gpu_devices_only", "masked_identity"} <= set(seen["protections"])
    # Only the driver is missing here.
    assert seen["use"] == {"runs_programs": True, "compiles": True, "sees_one_gpu": False}
    with pytest.raises(Refused, match="could not work in the sandbox: sees_one_gpu"):
        probe.observed(TASK, stand_in)


def test_without_a_memory_cgroup_a_box_for_a_gpu_is_held_by_the_watch(stand_in, monkeypatch):
    monkeypatch.setattr(cgroup, "create", lambda name, processes, memory: cgroup.Cgroup())
    protections = probe.attempt(TASK, stand_in)["protections"]
    assert "memory_limit" in protections and "cgroup_memory" not in protections


def test_a_box_for_a_gpu_reserves_addresses_beyond_its_memory(start, stand_in):
    process = start(
        "import mmap\nmmap.mmap(-1, 64 << 30, flags=0x22, prot=0)\nos.write(config['reply'], b'reserved')\n"
        "time.sleep(60)",
        stand_in,
        memoryBytes=1 << 30,
    )
    assert answer(process) == b"reserved"


def test_what_names_this_host_reads_the_same_in_every_box(start):
    process = start(
        f"text = open({identity.BOOT_ID!r}).read() + open({identity.CPUINFO!r}).read()\n"
        "text += str(os.path.exists('/etc/machine-id')) + os.uname().nodename\n"
        "os.write(config['reply'], text.encode()); time.sleep(60)"
    )
    neutral = identity.NO_BOOT_ID + identity.neutral_cpuinfo(open(identity.CPUINFO).read())
    assert answer(process).decode() == f"{neutral}Falsejudge"


def test_an_unprivileged_start_is_as_tight():
    need(os.geteuid() == 0, "root, to become another user")
    python = sys.executable
    drop = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"]
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(REPOSITORY / "kernels")}
    device = "cuda" if glob.glob("/dev/nvidia[0-9]*") else "cpu"  # without one, there is no need to load PyTorch
    command = [*drop, python, "-B", "-m", "judge", "probe", "--device", device]
    done = subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OPEN" not in done.stdout


def test_the_worker_s_real_uid_is_not_root(start):
    process = start("os.write(config['reply'], b'x'); time.sleep(60)")
    assert answer(process) == b"x"
    assert "real_uid_not_0" in process.protections()
    for pid in process.family():
        assert b"Uid:\t0" not in open(f"/proc/{pid}/status", "rb").read()


def test_a_worker_can_hide_nothing_by_its_name_or_by_zombies(start):
    process = start(
        "import ctypes\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.prctl(15, b'a\\x0cUid:\\x0b\\xff', 0, 0, 0)\n"
        "libc.prctl(4, 0, 0, 0, 0)\n"
        "if os.fork() == 0: os._exit(0)\n"
        "os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)\n"
        "os.write(config['reply'], b'x'); time.sleep(60)"
    )
    assert answer(process) == b"x"
    seen = process.protections() | {"pids_limit", "memory_limit"}
    assert [name for name in outside.REQUIRED if name not in seen] == []


def test_nothing_survives_the_end_of_the_box(start):
    process = start(
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0: time.sleep(300)\n"
        "        os._exit(0)\n"
        "os.write(config['reply'], b'x'); time.sleep(300)"
    )
    assert answer(process) == b"x"
    family = process.family()
    assert len(family) >= 5
    process.kill()
    deadline = time.monotonic() + 60
    while any(os.path.exists(f"/proc/{pid}") for pid in family):
        assert time.monotonic() < deadline
        os.sched_yield()


@pytest.mark.parametrize("place", ["select.select", "os.pidfd_open"])
def test_a_judge_that_is_stopped_while_it_starts_a_box_leaves_none(start, monkeypatch, place):
    def children():
        return {pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()}

    def stopped(*arguments):
        raise KeyboardInterrupt

    before = children()
    monkeypatch.setattr(f"judge.sandbox.launch.{place}", stopped)
    with pytest.raises(KeyboardInterrupt):
        start("time.sleep(60)")
    assert children() == before


def test_a_log_flood_is_capped_and_costs_the_judge_nothing(start):
    process = start("for _ in range(2000): os.write(1, b'y' * 65536)\nos.write(config['reply'], b'x')", logBytes=1000)
    assert answer(process) == b"x"
    process.kill()
    log = process.log_text()
    assert len(log) <= 1000 and log.count("y") > 900 and "131071" in log and "bytes left out" in log


def test_an_address_space_limit_stops_a_memory_hog(start):
    process = start(
        "try:\n    x = bytearray(3 << 30)\nexcept MemoryError:\n    os.write(config['reply'], b'stopped')\n"
        "time.sleep(60)",
        addressSpaceBytes=2 << 30,
    )
    assert answer(process) == b"stopped"


def test_a_kill_by_the_memory_cgroup_is_told_from_an_exit(start):
    group = cgroup.create("quasar-test-probe", 10, 1 << 30)
    holds = group.memory
    group.remove()
    need(holds, "a writable memory cgroup")
    # Many processes of 128 MiB each: each is below its own limit, all together are above the group's.
    process = start(
        "for _ in range(16):\n"
        "    if os.fork() == 0:\n        x = bytearray(b'1' * (128 << 20))\n        time.sleep(60)\n"
        "time.sleep(60)",
        addressSpaceBytes=512 << 20,
    )
    deadline = time.monotonic() + 60
    while not process.group.out_of_memory():
        assert time.monotonic() < deadline
        os.sched_yield()
    assert process.why_ended(Fault("early_exit", "gone")).reason == "resource_limit"


def test_the_worker_has_no_descriptor_of_the_judge(start):
    secret = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(secret, True)
    process = start("os.write(config['reply'], ' '.join(sorted(os.listdir('/proc/self/fd'))).encode()); time.sleep(60)")
    seen = {int(fd) for fd in answer(process).split()}
    os.close(secret)
    assert secret not in seen


def test_the_environment_holds_nothing_of_the_host(start, monkeypatch):
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret")
    process = start("os.write(config['reply'], json.dumps(dict(os.environ)).encode()); time.sleep(60)")
    assert b"secret" not in answer(process)


def test_a_python_that_is_called_by_a_path_with_dots_starts_in_the_box(start, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", f"{tmp_path}/{os.path.relpath(sys.executable, tmp_path)}")
    assert answer(start("os.write(config['reply'], b'here'); time.sleep(60)")) == b"here"


def test_without_bubblewrap_the_judge_refuses_with_the_line_that_mends_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    with pytest.raises(Refused, match="apt-get install -y bubblewrap"):
        sandbox.require_tools()


SAYS = "bwrap: Can't mount proc on /newroot/proc: Operation not permitted"


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (SAYS, "systempaths=unconfined"),
        ("bwrap: Creating new namespace failed: nesting depth or max_*_namespaces exceeded (ENOSPC)", "max_user_names"),
        ("bwrap: No permissions to create new namespace, likely because", "apparmor_restrict_unprivileged_userns=0"),
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns=0"),
        ("bwrap: Unknown option --disable-userns", "0.8 or newer"),
        ("bwrap: Can't find source path /opt/x: No such file", "docs/hosts.md"),
    ],
)
def test_a_host_that_refuses_the_box_is_told_what_to_allow(said, advice):
    text = why_not_built(said)
    assert said in text and advice in text


@pytest.fixture
def probe_with_covered_proc():
    """Runs the probe where a part of /proc is covered, as in a container -> finished process."""
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc/acpi && exec "$@"', "sh"]
    can = os.geteuid() == 0 and subprocess.run([*hide, "true"], check=False, capture_output=True).returncode == 0
    need(can, "root that may mount")
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY / "kernels")}
    judge = [sys.executable, "-B", "-m", "judge", "probe", "--task", "quasar_demo"]
    return lambda *drop: subprocess.run(
        [*hide, *drop, *judge], env=env, cwd="/", capture_output=True, text=True, check=False, timeout=60
    )


def test_root_in_a_container_that_covers_parts_of_proc_is_as_tight(probe_with_covered_proc):
    done = probe_with_covered_proc()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OPEN" not in done.stdout


def test_an_ordinary_user_in_such_a_container_is_told_what_to_do(probe_with_covered_proc):
    done = probe_with_covered_proc("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups")
    assert done.returncode == 3 and "mount proc" in done.stderr and "--privileged" in done.stderr


def test_root_that_cannot_become_nobody_is_refused(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sandbox, "can_drop", lambda: False)
    with pytest.raises(Refused, match="as an ordinary user"):
        sandbox.require_tools()


def test_a_gpu_worker_never_interprets_triton(stand_in):
    env = sandbox.worker_env({"TRITON_INTERPRET": "1", "X": "y"}, stand_in)
    assert env["X"] == "y" and env["CUDA_VISIBLE_DEVICES"] == "0" and "TRITON_INTERPRET" not in env
    assert sandbox.worker_env({"TRITON_INTERPRET": "1"})["TRITON_INTERPRET"] == "1"


def test_an_unreadable_python_is_refused(monkeypatch, tmp_path):
    need(os.geteuid() == 0, "root, to drop from")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(closed / "python"))
    with pytest.raises(Refused, match="cannot read"):
        sandbox.require_tools()
