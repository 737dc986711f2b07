"""What a worker is shown of the GPU: the device files of one, the driver's libraries, and a compiler for Triton."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from judge.faults import Refused
from judge.sandbox import nobody

SHARED_NODES = ("nvidiactl", "nvidia-uvm")
ONE_GPU = re.compile(r"nvidia\d+")
# The driver's settings, display and partition files: nothing that a kernel has to open.
LIBCUDA = "libcuda.so.1"


@dataclass(frozen=True)
class GpuFiles:
    """`devices` and `libraries` are host paths shown at the same place; `hidden` are other GPU files of this host."""

    devices: tuple[str, ...]
    libraries: tuple[str, ...]
    env: dict[str, str]
    hidden: tuple[str, ...] = ()


def find(uuid: str | None = None, root: Path = Path("/")) -> GpuFiles:
    """The files of the GPU with this UUID (the only one's, where it is None).

    Raises Refused, with what mends it, when something is missing or the worker's uid cannot open a device file.
    """
    devices = device_files(uuid, root)
    for path in devices:
        if not nobody.reaches(path, write=True):
            raise Refused(
                f"uid {nobody.NOBODY}, which runs the kernel, cannot open {path}: `chmod 666 {' '.join(devices)}`, and "
                "load the driver with NVreg_DeviceFileMode=0666 so that it stays so"
            )
    libcuda = libcuda_directory()
    return GpuFiles(
        devices, _roots([libcuda]), {**environment(libcuda, os.environ), "CC": compiler()}, others(devices, root)
    )


def device_files(uuid: str | None, root: Path = Path("/")) -> tuple[str, ...]:
    """The device files that CUDA needs for this GPU and no other. Raises Refused."""
    gpus = sorted(p for p in (root / "dev").glob("nvidia*") if ONE_GPU.fullmatch(p.name))
    if not gpus:
        raise Refused("there is no /dev/nvidia0: install NVIDIA's driver, or start the container with the GPU")
    missing = [f"/dev/{name}" for name in SHARED_NODES if not (root / "dev" / name).exists()]
    if missing:
        raise Refused(f"{' and '.join(missing)} are missing: run `nvidia-modprobe -c 0 -u` as root")
    gpu = gpus[0]
    if len(gpus) > 1:
        minor = minor_of(uuid, root)
        if minor is None:
            raise Refused(
                f"this host has {len(gpus)} GPUs, and /proc/driver/nvidia does not say which device file is {uuid}'s: "
                "start the judge where only one GPU is visible (a container with one GPU)"
            )
        gpu = root / "dev" / f"nvidia{minor}"
    return tuple(str(path) for path in (gpu, *(root / "dev" / name for name in SHARED_NODES)))


def minor_of(uuid: str | None, root: Path = Path("/")) -> int | None:
    """N of the GPU's /dev/nvidiaN, as the driver says; None when it does not."""
    for file in (root / "proc/driver/nvidia/gpus").glob("*/information"):
        lines = dict(re.findall(r"^([^:\n]+):\s*(.*?)\s*$", file.read_text(errors="replace"), re.MULTILINE))
        if uuid and lines.get("GPU UUID", "").removeprefix("GPU-") == uuid.removeprefix("GPU-"):
            return int(lines["Device Minor"])
    return None


def others(devices: tuple[str, ...], root: Path = Path("/")) -> tuple[str, ...]:
    """All the other files of NVIDIA's driver under /dev: they must not open in the box."""
    found = (str(p) for p in (root / "dev").rglob("nvidia*") if not p.is_dir())
    return tuple(sorted(path for path in found if path not in devices))


def libcuda_directory() -> str:
    """Where the loader finds the driver's library here. Raises Refused."""
    try:
        ctypes.CDLL(LIBCUDA)
    except OSError as error:
        raise Refused(f"{LIBCUDA} cannot be loaded ({error}): install NVIDIA's driver") from error
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.split(maxsplit=5)[-1]
        if os.path.basename(path).startswith("libcuda.so."):
            return os.path.dirname(path)
    raise Refused(f"{LIBCUDA} was loaded, and /proc/self/maps does not say from where: is /proc mounted?")


def environment(libcuda: str, host: dict[str, str] | os._Environ[str]) -> dict[str, str]:
    """What CUDA and Triton need to be told in the box."""
    asked = [entry for entry in host.get("LD_LIBRARY_PATH", "").split(":") if entry]
    shown = [entry for entry in asked if entry == libcuda or os.path.abspath(entry).startswith("/usr/")]
    libraries = {"LD_LIBRARY_PATH": ":".join(shown)} if shown else {}
    return {
        **libraries,
        # Triton would otherwise start ldconfig to look for it.
        "TRITON_LIBCUDA_PATH": libcuda,
        # Only one GPU's file is there, so whatever number it has on the host, it is the first here.
        "CUDA_VISIBLE_DEVICES": "0",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_MODULE_LOADING": "LAZY",
        "CUDA_CACHE_DISABLE": "1",
    }


def compiler() -> str:
    """The C compiler that Triton builds its launcher with. Raises Refused when it or Python's headers are missing."""
    found = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name, path="/usr/bin:/bin"))), None)
    if found is None:
        raise Refused("Triton needs a C compiler in /usr/bin:\n  apt-get install -y gcc libc6-dev")
    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    if not os.path.isfile(header):
        raise Refused(f"Triton needs {header}:\n  apt-get install -y python3-dev")
    return found


def _roots(directories: list[str]) -> tuple[str, ...]:
    return tuple(d for d in dict.fromkeys(directories) if not os.path.abspath(d).startswith("/usr/"))
