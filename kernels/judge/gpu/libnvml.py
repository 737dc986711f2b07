"""NVML by ctypes, as far as the judge asks it. Structures and constants are those of nvml.h, NVML 12 and 13."""

from __future__ import annotations

import ctypes

from judge.faults import Refused
from judge.gpu.reading import Lacking, Reading

# Containers mount the driver's libraries where the dynamic linker does not always look.
LIBRARIES = (
    "libnvidia-ml.so.1",
    "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
    "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
    "/usr/lib64/libnvidia-ml.so.1",
)
INSUFFICIENT_SIZE = 7
CLOCK_SM = 1
TEMPERATURE_GPU = 0
TEXT_BYTES = 96
MAX_PROCESSES = 65_536


class _Process(ctypes.Structure):  # nvmlProcessInfo_v2_t
    _fields_ = (
        ("pid", ctypes.c_uint),
        ("usedGpuMemory", ctypes.c_ulonglong),
        ("gpuInstanceId", ctypes.c_uint),
        ("computeInstanceId", ctypes.c_uint),
    )


class _Memory(ctypes.Structure):  # nvmlMemory_t
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Nvml:
    """The library with one device open. Every method raises Lacking where NVML has no answer."""

    def __init__(self, gpu: str | None):
        self._library = load()
        self._call("nvmlInit_v2")
        self._device = ctypes.c_void_p()
        opened = ctypes.byref(self._device)
        if gpu is None:
            count = ctypes.c_uint()
            self._call("nvmlDeviceGetCount_v2", ctypes.byref(count))
            if count.value != 1:
                raise Refused(f"this host shows {count.value} GPUs: name the one to use by its uuid or PCI address")
            self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(0), opened)
        else:
            by = "nvmlDeviceGetHandleByUUID" if gpu.startswith("GPU-") else "nvmlDeviceGetHandleByPciBusId_v2"
            self._call(by, gpu.encode(), opened)

    def name(self) -> str:
        return self._text("nvmlDeviceGetName", self._device)

    def uuid(self) -> str:
        return self._text("nvmlDeviceGetUUID", self._device)

    def driver(self) -> str:
        return self._text("nvmlSystemGetDriverVersion")

    def memory(self) -> tuple[int, int]:
        found = _Memory()
        self._call("nvmlDeviceGetMemoryInfo", self._device, ctypes.byref(found))
        return found.total, found.used

    def power_limit(self) -> float:
        return self._integer("nvmlDeviceGetEnforcedPowerLimit") / 1000

    def persistence(self) -> bool:
        return self._integer("nvmlDeviceGetPersistenceMode") == 1

    def reading(self) -> Reading:
        return Reading(
            sm_mhz=self._integer("nvmlDeviceGetClockInfo", ctypes.c_int(CLOCK_SM)),
            watts=self._integer("nvmlDeviceGetPowerUsage") / 1000,
            celsius=self._integer("nvmlDeviceGetTemperature", ctypes.c_int(TEMPERATURE_GPU)),
            reasons=self._integer("nvmlDeviceGetCurrentClocksEventReasons", kind=ctypes.c_ulonglong),
        )

    def processes(self) -> list[tuple[int, int]]:
        found = {}
        for kind in ("Compute", "Graphics"):
            for pid, used in self._running(f"nvmlDeviceGet{kind}RunningProcesses_v3"):
                found[pid] = max(used, found.get(pid, 0))
        return sorted(found.items())

    def _running(self, function: str) -> list[tuple[int, int]]:
        room = 64
        while room <= MAX_PROCESSES:
            count, infos = ctypes.c_uint(room), (_Process * room)()
            code = self._raw(function, self._device, ctypes.byref(count), infos)
            if code == 0:
                # -1 stands for a size that the driver does not tell
                sizes = ((p.pid, p.usedGpuMemory) for p in infos[: count.value])
                return [(pid, used if used < 2**63 else 0) for pid, used in sizes]
            if code != INSUFFICIENT_SIZE:
                raise Lacking(f"{function}: {code}")
            room = max(2 * room, 2 * count.value)  # some may start meanwhile
        raise Lacking(f"{function}: too many processes")

    def _integer(self, function: str, *arguments, kind=ctypes.c_uint) -> int:
        found = kind()
        self._call(function, self._device, *arguments, ctypes.byref(found))
        return found.value

    def _text(self, function: str, *arguments) -> str:
        found = ctypes.create_string_buffer(TEXT_BYTES)
        self._call(function, *arguments, found, ctypes.c_uint(TEXT_BYTES))
        return found.value.decode("utf-8", "replace")

    def _call(self, function: str, *arguments) -> None:
        code = self._raw(function, *arguments)
        if code != 0:
            raise Lacking(f"{function}: {code}")

    def _raw(self, function: str, *arguments) -> int:
        try:
            return getattr(self._library, function)(*arguments)
        except AttributeError as error:
            raise Lacking(f"this driver has no {function}") from error


def load() -> ctypes.CDLL:
    for path in LIBRARIES:
        try:
            return ctypes.CDLL(path)
        except OSError:
            continue
    raise Lacking("libnvidia-ml.so.1 is not on this host")
