"""What the driver knows about the one GPU in use: from NVML, and from nvidia-smi what NVML does not give here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from judge.faults import Refused
from judge.gpu.libnvml import Nvml
from judge.gpu.nvidia_smi import Smi
from judge.gpu.reading import Lacking, Reading


class Gpu:
    """Facts about one GPU, each from the first source that has it. Raises Refused where none does."""

    def __init__(self, sources: Sequence[Callable[[], Nvml | Smi]]):
        self._sources = sources

    def identity(self) -> dict:
        """name, uuid, driver, memoryBytes and powerLimitW, as the result's device has them."""
        return {
            "name": self._first("name")[:200],
            "uuid": self._first("uuid")[:100],
            "driver": self._first("driver")[:100],
            "memoryBytes": self._first("memory")[0],
            "powerLimitW": self._first("power_limit"),
        }

    def reading(self) -> Reading:
        return self._first("reading")

    def conditions(self) -> dict:
        """{smMHz, watts, celsius, throttle}; throttle is "" or names joined by a space."""
        return self.reading().sample()

    def processes(self) -> list[tuple[int, int]]:
        """(pid, bytes) of every process with a context on the GPU, as the driver numbers them; 0 bytes: not told.

        Inside a pid namespace or a virtual machine the list may lack processes: an empty one proves nothing there.
        """
        return self._first("processes")

    def used_bytes(self) -> int:
        """Memory in use on the whole GPU, the driver's own included."""
        return self._first("memory")[1]

    def persistence(self) -> bool:
        """Whether the driver stays loaded, and clocks stay set, while nobody uses the GPU."""
        return self._first("persistence")

    def _first(self, fact: str):
        why = []
        for source in self._sources:
            try:
                return getattr(source(), fact)()
            except Lacking as error:
                why.append(str(error))
        raise Refused(f"the GPU does not tell its {fact} ({'; '.join(why)}): run `nvidia-smi` on this host")


def open_gpu(pci_or_uuid: str | None = None) -> Gpu:
    """The GPU of this uuid (with or without `GPU-`) or PCI address; without one, the only GPU of the host.

    Raises Refused where neither NVML nor nvidia-smi knows it.
    """
    named = pci_or_uuid
    if named is not None and named.count("-") == 4 and not named.startswith("GPU-"):
        named = f"GPU-{named}"  # torch leaves the prefix out
    gpu = Gpu([cache(lambda: Nvml(named)), cache(lambda: Smi(named))])
    gpu.used_bytes()
    return gpu
