"""What a hostile kernel would try in the worker's box. Reports to the judge's reply pipe: true where it was stopped."""

import ctypes
import hashlib
import json
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import subprocess
import sys
import time

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


def make_device():
    os.mknod(os.path.join(config["scratch"], "device"), stat.S_IFCHR | 0o600, os.makedev(195, 0))


def open_device(path):
    os.close(os.open(path, os.O_RDWR))


def join_cgroup():
    """Whether any process list of the host's cgroups can be opened for writing."""
    return any("cgroup.procs" in names for _, _, names in os.walk("/sys/fs/cgroup"))


def content(path):
    """What the judge calls the digest of a file; "" for an empty directory."""
    if os.path.isdir(path):
        return "" if not os.listdir(path) else "entries"
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


def runs_programs():
    """Whether what is written to the scratch can be executed: Triton compiles there."""
    path = os.path.join(config["scratch"], "program")
    with open(path, "w") as out:
        out.write("#!/bin/sh\nexit 7\n")
    os.chmod(path, 0o700)
    return subprocess.run([path]).returncode == 7


def compiles():
    path = os.path.join(config["scratch"], "unit")
    with open(f"{path}.c", "w") as out:
        out.write("#include <Python.h>\nint answer(void) { return 7; }\n")
    command = [os.environ["CC"], "-shared", "-fPIC", f"-I{config['headers']}", f"{path}.c", "-o", f"{path}.so"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(f"{path}.so").answer() == 7


def sees_one_gpu():
    driver = ctypes.CDLL("libcuda.so.1")
    count = ctypes.c_int()
    error = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if error or count.value != 1:
        print(f"CUDA error {error}, {count.value} devices", file=sys.stderr)
    return error == 0 and count.value == 1


def works(attempt):
    try:
        return attempt()
    except Exception as error:
        print(f"{attempt.__name__}: {error}", file=sys.stderr, flush=True)
        return False


def fill_memory():
    """Takes twice what the box may hold, in shares of a quarter, and tells when all of them are held at once."""
    share = config["boxMemory"] // 4
    children = []
    for _ in range(8):
        ready, done = os.pipe()
        child = os.fork()
        if child == 0:
            with mmap.mmap(-1, share) as memory:
                for at in range(0, share, mmap.PAGESIZE):
                    memory[at] = 1
                os.write(done, b"x")
                signal.pause()
        os.close(done)
        children.append((child, ready))
    for _, ready in children:
        os.read(ready, 1)  # held, or ended
    time.sleep(0.1)  # for a limit that looks from time to time
    return all(os.waitpid(child, os.WNOHANG) == (0, 0) for child, _ in children)


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
findings = {
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
    "sysrq_trigger": stopped(lambda: os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY))),
    "cgroup_escape": not join_cgroup(),
    "device_files": set(os.listdir("/dev")) <= set(config["devices"]),
    "other_gpus": all(stopped(lambda path=path: open_device(path)) for path in config["hidden"]),
    "make_device": stopped(make_device),
    "environment": set(os.environ) <= {*config["environment"], "PWD"},
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
    "memfd_create": refused_call(319, 279, b"x", 0),
    "shared_memory_segment": refused_call(29, 194, 0, 1 << 20, 0o600),
    "perf_event_open": refused_call(298, 241, 0, 0, 0, 0, 0),
    "file_size": stopped(huge_file),
    "fork_bomb": stopped(fork_bomb),
}
if not config["boxMemory"]:
    findings["memory"] = stopped(huge_memory)
use = {"runs_programs": works(runs_programs)}
if config["gpu"]:
    use |= {"compiles": works(compiles), "sees_one_gpu": works(sees_one_gpu)}
masked = all(works(lambda path=path: content(path)) == digest for path, digest in config["masked"].items())
os.write(config["reply"], json.dumps({"findings": findings, "use": use, "masked": masked}).encode() + b"\n")
# The judge looks at this process from outside, asks for the last attempt where the box as a whole is limited, and
# ends it.
os.read(config["command"], 1)
os.write(config["reply"], b"held" if fill_memory() else b"stopped")
signal.pause()
