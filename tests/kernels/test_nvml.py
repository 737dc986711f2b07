from __future__ import annotations

import ctypes

import pytest
from fake_gpu import UUID, FakeGpu
from judge.faults import Refused
from judge.gpu import libnvml
from judge.gpu.nvml import open_gpu
from judge.gpu.reading import Lacking, Reading

NOT_SUPPORTED, INVALID, NOT_FOUND = 3, 2, 6
IDENTITY = {
    "name": "NVIDIA H200",
    "uuid": UUID,
    "driver": "580.95.05",
    "memoryBytes": 150_754_820_096,
    "powerLimitW": 700.0,
}


class FakeNvml:
    """The functions of the library, as far as they are used, writing through the pointers that they get."""

    def __init__(self, processes=(), count=1):
        self.count, self.running, self.calls = count, {"Compute": list(processes), "Graphics": []}, []

    def nvmlInit_v2(self):
        return 0

    def nvmlDeviceGetCount_v2(self, count):
        count._obj.value = self.count
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index, device):
        device._obj.value = 7
        return 0

    def nvmlDeviceGetHandleByUUID(self, uuid, device):
        device._obj.value = 7
        return 0 if uuid == UUID.encode() else NOT_FOUND

    def nvmlDeviceGetHandleByPciBusId_v2(self, address, device):
        device._obj.value = 7
        return 0 if address == b"00000000:18:00.0" else NOT_FOUND

    def nvmlDeviceGetName(self, device, text, room):
        return self._text(text, room, IDENTITY["name"])

    def nvmlDeviceGetUUID(self, device, text, room):
        return self._text(text, room, UUID)

    def nvmlSystemGetDriverVersion(self, text, room):
        return self._text(text, room, IDENTITY["driver"])

    def nvmlDeviceGetMemoryInfo(self, device, memory):
        memory._obj.total, memory._obj.used = IDENTITY["memoryBytes"], 5_000_000
        return 0

    def nvmlDeviceGetEnforcedPowerLimit(self, device, milliwatts):
        return self._integer(milliwatts, 700_000)

    def nvmlDeviceGetPersistenceMode(self, device, mode):
        return self._integer(mode, 0)

    def nvmlDeviceGetClockInfo(self, device, kind, mhz):
        return self._integer(mhz, 1980) if kind.value == 1 else INVALID

    def nvmlDeviceGetPowerUsage(self, device, milliwatts):
        return self._integer(milliwatts, 118_710)

    def nvmlDeviceGetTemperature(self, device, sensor, celsius):
        return self._integer(celsius, 33) if sensor.value == 0 else INVALID

    def nvmlDeviceGetCurrentClocksEventReasons(self, device, reasons):
        assert isinstance(reasons._obj, ctypes.c_ulonglong)
        return self._integer(reasons, 0x1 | 0x4)

    def nvmlDeviceGetComputeRunningProcesses_v3(self, device, count, infos):
        return self._processes("Compute", count, infos)

    def nvmlDeviceGetGraphicsRunningProcesses_v3(self, device, count, infos):
        return self._processes("Graphics", count, infos)

    def _processes(self, kind, count, infos):
        room, count._obj.value = count._obj.value, len(self.running[kind])
        if room < len(self.running[kind]):
            return libnvml.INSUFFICIENT_SIZE
        for info, (pid, used) in zip(infos, self.running[kind], strict=False):
            info.pid, info.usedGpuMemory = pid, used
        return 0

    @staticmethod
    def _integer(target, value):
        target._obj.value = value
        return 0

    @staticmethod
    def _text(target, room, value):
        assert room.value == libnvml.TEXT_BYTES
        target.value = value.encode()
        return 0


@pytest.fixture
def library(monkeypatch):
    fake = FakeNvml()
    monkeypatch.setattr(libnvml, "load", lambda: fake)
    return fake


@pytest.fixture
def no_library(monkeypatch):
    def absent():
        raise Lacking("no NVML here")

    monkeypatch.setattr(libnvml, "load", absent)


def test_the_structures_have_the_sizes_of_the_header():
    assert ctypes.sizeof(libnvml._Process) == 24
    assert libnvml._Process.usedGpuMemory.offset == 8
    assert ctypes.sizeof(libnvml._Memory) == 24


@pytest.mark.parametrize("name", [None, UUID, UUID.removeprefix("GPU-"), "00000000:18:00.0"])
def test_nvml_names_the_gpu_and_its_conditions(library, name):
    gpu = open_gpu(name)
    assert gpu.identity() == IDENTITY
    assert gpu.conditions() == {"smMHz": 1980, "watts": 118.71, "celsius": 33, "throttle": "sw_power_cap"}
    assert gpu.reading().idle
    assert gpu.used_bytes() == 5_000_000
    assert gpu.persistence() is False


def test_every_process_is_listed_once_however_many_there_are(library):
    library.running["Compute"] = [(pid, pid * 10) for pid in range(1, 301)]
    library.running["Graphics"] = [(300, 5), (301, 2**64 - 1)]
    assert open_gpu().processes() == [*((pid, pid * 10) for pid in range(1, 301)), (301, 0)]


def test_several_gpus_and_no_name_are_refused(library):
    library.count = 2
    with pytest.raises(Refused, match="2 GPUs: name the one"):
        open_gpu()


def test_what_nvml_lacks_comes_from_nvidia_smi(library, tmp_path, monkeypatch):
    fake = FakeGpu(tmp_path, monkeypatch)
    fake.set("power.limit", "450.50")
    library.nvmlDeviceGetEnforcedPowerLimit = lambda device, milliwatts: NOT_SUPPORTED
    assert open_gpu(UUID).identity() == {**IDENTITY, "powerLimitW": 450.5}


def test_a_driver_without_a_function_is_asked_otherwise(library, tmp_path, monkeypatch):
    FakeGpu(tmp_path, monkeypatch)
    monkeypatch.delattr(FakeNvml, "nvmlDeviceGetCurrentClocksEventReasons")
    assert open_gpu().reading() == Reading(1980, 118.71, 33, 0)


def test_nvidia_smi_alone_is_enough(no_library, tmp_path, monkeypatch):
    fake = FakeGpu(tmp_path, monkeypatch)
    fake.set("processes", "4711, 514\n4712, [N/A]")
    fake.set("clocks_throttle_reasons.active", "0x0000000000000021")
    gpu = open_gpu(UUID)
    assert gpu.identity() == {**IDENTITY, "memoryBytes": 143_771 * 2**20}
    assert gpu.conditions() == {"smMHz": 1980, "watts": 118.71, "celsius": 33, "throttle": "sw_thermal_slowdown"}
    assert gpu.reading().idle
    assert gpu.processes() == [(4711, 514 * 2**20), (4712, 0)]
    assert gpu.used_bytes() == 523 * 2**20
    assert gpu.persistence() is True


@pytest.mark.parametrize("value", ["[N/A]", "[Not Supported]", "", "nan"])
def test_a_value_that_is_not_known_is_refused_and_never_zero(no_library, tmp_path, monkeypatch, value):
    FakeGpu(tmp_path, monkeypatch).set("power.draw", value)
    with pytest.raises(Refused, match="the GPU does not tell its reading"):
        open_gpu().reading()


def test_two_gpus_in_the_answer_are_refused(no_library, tmp_path, monkeypatch):
    FakeGpu(tmp_path, monkeypatch).set("uuid", "GPU-1\nGPU-2")
    with pytest.raises(Refused, match="lists 2 GPUs"):
        open_gpu()


def test_a_host_without_a_gpu_is_refused_with_both_causes(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(libnvml, "LIBRARIES", (str(tmp_path / "none.so"),))
    with pytest.raises(Refused, match=r"libnvidia-ml.so.1 is not on this host; nvidia-smi is not on PATH"):
        open_gpu()
