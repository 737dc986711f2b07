"""What a hostile kernel would try in the worker's box. Reports to the judge's reply pipe: true where it was stopped."""

import ctypes
import json
import mmap
import os
import platform
import resource
import signal
import socket
import sys

config = json.load(sys.stdin)
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
X86 = platform.machine() == "x86_64"
EPERM = 1


def stopped(attempt):
    """True where the attempt raises OSError (or MemoryError), or answers False."""
    try:
        return attempt() is False
    except (OSError, MemoryError):
        return True


def refused_call(x86, arm, *arguments):
    ctypes.set_errno(0)
    value = libc.syscall(x86 if X86 else arm, *arguments)
    return value == -1 and ctypes.get_errno() == EPERM


def connect(address):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        probe.connect(address)


def write(path):
    with open(path, "w") as out:
        out.write("a")


def writable_settings():
    return (
        sum(os.access(os.path.join(top, name), os.W_OK) for top, _, names in os.walk("/proc/sys") for name in names) > 0
    )


def fork_bomb():
    """Whether the process limit is never reached; a box in which nothing can fork proves nothing either."""
    children = []
    try:
        for _ in range(4 * config["processes"]):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
        return True
    except OSError:
        return len(children) < config["processes"] // 2
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)


def huge_memory():
    with mmap.mmap(-1, config["memory"]):
        return True


def huge_file():
    path = os.path.join(config["scratch"], "huge")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit == resource.RLIM_INFINITY:
        return True
    try:
        with open(path, "wb") as out:
            os.posix_fallocate(out.fileno(), 0, limit + 1)
        return True
    finally:
        os.unlink(path)


status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
own_fds = {0, 1, 2, config["command"], config["reply"]}
report = {
    "network_loopback": stopped(lambda: connect(("127.0.0.1", 22))),
    "network_outside": stopped(lambda: connect(("192.0.2.1", 80))),
    "network_sockets": stopped(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()),
    "network_netlink": stopped(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()),
    "host_settings": not writable_settings(),
    "core_pattern": stopped(lambda: write("/proc/sys/kernel/core_pattern")),
    "shadow_file": stopped(lambda: open("/etc/shadow").close()),
    "host_processes": sum(name.isdigit() for name in os.listdir("/proc")) <= 3,
    "host_sockets": stopped(lambda: os.listdir("/run")),
    "write_root": stopped(lambda: write("/x")),
    "write_worker": stopped(lambda: write("/judge/worker/x")),
    "write_usr": stopped(lambda: write("/usr/x")),
    "write_dev": stopped(lambda: write("/dev/x")),
    "environment": set(os.environ)
    <= {"PATH", "HOME", "TMPDIR", "TRITON_CACHE_DIR", "LC_ALL", "PWD", "OMP_NUM_THREADS", "MKL_NUM_THREADS"},
    "descriptors": {int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}
    <= own_fds,
    "capabilities": int(status["CapEff"], 16) == 0 and int(status["CapBnd"], 16) == 0,
    "become_root": stopped(lambda: os.setuid(0)),
    "user_namespace": refused_call(272, 97, 0x10000000),
    "clone_namespace": refused_call(56, 220, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0),
    "mount": refused_call(165, 40, b"none", b"/scratch", b"tmpfs", 0, 0),
    "ptrace": refused_call(101, 117, 0, 0, 0, 0),
    "process_vm_writev": refused_call(311, 271, os.getppid(), 0, 0, 0, 0, 0),
    "bpf": refused_call(321, 280, 0, 0, 0),
    "keyctl": refused_call(250, 219, 0, 0),
    "io_uring": refused_call(425, 425, 1, 0),
    "userfaultfd": refused_call(323, 282, 0),
    "perf_event_open": refused_call(298, 241, 0, 0, 0, 0, 0),
    "memory": stopped(huge_memory),
    "file_size": stopped(huge_file),
    "fork_bomb": stopped(fork_bomb),
}
os.write(config["reply"], json.dumps(report).encode() + b"\n")
# The judge looks at this process from outside before it ends it.
signal.pause()
