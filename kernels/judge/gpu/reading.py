"""One look at a GPU, whoever took it."""

from __future__ import annotations

from dataclasses import dataclass

# nvmlClocksEventReasons of nvml.h. Idleness and a clock that somebody set are no throttling.
IDLE = 0x1
SW_POWER_CAP = 0x4
THROTTLING = {
    SW_POWER_CAP: "sw_power_cap",
    0x8: "hw_slowdown",
    0x10: "sync_boost",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake",
    0x100: "display_clock",
}


class Lacking(Exception):
    """This source does not give the fact on this host; the message says why."""


@dataclass(frozen=True)
class Reading:
    """The GPU at one moment. Power is the driver's own average, over up to a second on some boards."""

    sm_mhz: int
    watts: float
    celsius: int
    reasons: int

    @property
    def idle(self) -> bool:
        return bool(self.reasons & IDLE)

    @property
    def throttle(self) -> str:
        return " ".join(name for bit, name in THROTTLING.items() if self.reasons & bit)

    def sample(self) -> dict:
        """As `conditions.samples` of the result has it."""
        return {"smMHz": self.sm_mhz, "watts": self.watts, "celsius": self.celsius, "throttle": self.throttle}
