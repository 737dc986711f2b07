from __future__ import annotations

import os
import shutil

import pytest
from judge.faults import Refused
from judge.sandbox import gpu_files, nobody

INFORMATION = """Model: \t\t NVIDIA H200
IRQ:   \t\t 40
GPU UUID: \t GPU-{uuid}
Bus Location: \t 0000:{bus}:00.0
Device Minor: \t {minor}
GPU Excluded:\t No
"""


@pytest.fixture
def host(tmp_path):
    """A host's /dev and /proc/driver/nvidia; `add` puts one more GPU in."""
    (tmp_path / "dev").mkdir()
    for name in ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "null"):
        (tmp_path / "dev" / name).touch()

    def add(minor: int, uuid: str | None = None):
        (tmp_path / "dev" / f"nvidia{minor}").touch()
        if uuid is not None:
            directory = tmp_path / f"proc/driver/nvidia/gpus/0000:{minor + 3:02x}:00.0"
            directory.mkdir(parents=True)
            (directory / "information").write_text(INFORMATION.format(uuid=uuid, bus=minor, minor=minor))
        return tmp_path

    return add


def names(paths):
    return [os.path.basename(path) for path in paths]


def test_the_only_gpu_needs_no_uuid(host):
    root = host(3)
    devices = gpu_files.device_files(None, root)
    assert names(devices) == ["nvidia3", "nvidiactl", "nvidia-uvm"]
    assert names(gpu_files.others(devices, root)) == ["nvidia-uvm-tools"]


def test_of_several_gpus_only_the_one_of_the_uuid_is_shown(host):
    for minor in (0, 1, 12):
        root = host(minor, f"aaaa-{minor}")
    devices = gpu_files.device_files("GPU-aaaa-12", root)
    assert names(devices) == ["nvidia12", "nvidiactl", "nvidia-uvm"]
    assert gpu_files.device_files("aaaa-12", root) == devices
    assert names(gpu_files.others(devices, root)) == [
        "nvidia-uvm-tools",
        "nvidia0",
        "nvidia1",
    ]


def test_partition_files_are_hidden_too(host):
    root = host(0)
    (root / "dev/nvidia-caps").mkdir()
    (root / "dev/nvidia-caps/nvidia-cap1").touch()
    assert "nvidia-cap1" in names(gpu_files.others(gpu_files.device_files(None, root), root))


@pytest.mark.parametrize("uuid", [None, "GPU-unknown"])
def test_several_gpus_and_no_way_to_tell_them_apart_are_refused(host, uuid):
    host(0, "aaaa")
    root = host(1)
    with pytest.raises(Refused, match="has 2 GPUs"):
        gpu_files.device_files(uuid, root)


def test_a_host_without_the_driver_is_told_what_to_do(tmp_path, host):
    with pytest.raises(Refused, match="install NVIDIA's driver"):
        gpu_files.device_files(None, tmp_path)
    root = host(0)
    (root / "dev/nvidia-uvm").unlink()
    with pytest.raises(Refused, match=r"/dev/nvidia-uvm are missing: run `nvidia-modprobe"):
        gpu_files.device_files(None, root)


def test_a_device_that_the_worker_cannot_open_is_refused(host, monkeypatch):
    root = host(0)
    monkeypatch.setattr(nobody, "reaches", lambda path, write: not path.endswith("nvidiactl"))
    with pytest.raises(Refused, match=r"cannot open .*nvidiactl: `chmod 666"):
        gpu_files.find(None, root)


def test_library_paths_outside_of_what_the_box_shows_are_left_out():
    asked = "/usr/local/nvidia/lib64:/home/miner/lib::/usr/../home/x:/opt/driver"
    env = gpu_files.environment("/opt/driver", {"LD_LIBRARY_PATH": asked, "SECRET": "x"})
    assert env["LD_LIBRARY_PATH"] == "/usr/local/nvidia/lib64:/opt/driver"
    assert "SECRET" not in env and "LD_LIBRARY_PATH" not in gpu_files.environment("/usr/lib", {})


def test_without_a_compiler_or_headers_triton_could_not_start(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, path: None)
    with pytest.raises(Refused, match="apt-get install -y gcc"):
        gpu_files.compiler()
    monkeypatch.setattr(shutil, "which", lambda name, path: f"/usr/bin/{name}")
    monkeypatch.setattr(gpu_files.sysconfig, "get_paths", lambda: {"include": "/nonexistent"})
    with pytest.raises(Refused, match="python3-dev"):
        gpu_files.compiler()
