"""A host with one GPU, made of a script that is called nvidia-smi. It obeys files in its own folder."""

from __future__ import annotations

from pathlib import Path

UUID = "GPU-11111111-2222-3333-4444-555555555555"
SCRIPT = """#!/bin/sh
cd "{folder}" || exit 9
echo "$*" >> calls
case "$*" in
  *--lock-gpu-clocks=*|*--reset-gpu-clocks*)
    if [ -e forbidden ]; then
      echo "The current user does not have permission to change clocks for GPU 00000000:18:00.0."
      echo "Terminating early due to previous errors."
      exit 4
    fi ;;
esac
case "$*" in
  *--lock-gpu-clocks=*) echo "${{*##*=}}" | cut -d, -f1 > locked; cp locked mhz; [ -e weak ] && cp weak mhz; exit 0 ;;
  *--reset-gpu-clocks*) rm -f locked; echo 1980 > mhz; exit 0 ;;
  *--query-compute-apps=*) cat processes; exit 0 ;;
esac
for word in "$@"; do
  case "$word" in --query-gpu=*) fields=$(echo "${{word#*=}}" | tr , ' ') ;; esac
done
line=""
for field in $fields; do
  case "$field" in clocks.sm) file=mhz ;; *) file=$field ;; esac
  [ -e "$file" ] || {{ echo "Field \\"$field\\" is not a valid field to query."; exit 2; }}
  line="$line, $(cat "$file")"
done
echo "${{line#, }}"
"""
FACTS = {
    "uuid": UUID,
    "name": "NVIDIA H200",
    "driver_version": "580.95.05",
    "memory.total": "143771",
    "memory.used": "523",
    "power.limit": "700.00",
    "power.draw": "118.71",
    "temperature.gpu": "33",
    "clocks_throttle_reasons.active": "0x0000000000000000",
    "persistence_mode": "Enabled",
    "mhz": "1980",
    "processes": "",
}


class FakeGpu:
    """`set` changes a fact or puts a file that the script looks for; `remove` takes one away."""

    def __init__(self, folder: Path, monkeypatch):
        self.folder = folder / "gpu"
        tools = folder / "tools"
        for place in (self.folder, tools):
            place.mkdir()
        script = tools / "nvidia-smi"
        script.write_text(SCRIPT.format(folder=self.folder))
        script.chmod(0o755)
        for name, value in FACTS.items():
            self.set(name, value)
        monkeypatch.setenv("PATH", str(tools), prepend=":")

    def set(self, name: str, value: str = "") -> None:
        (self.folder / name).write_text(value + "\n" if value else "")

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    @property
    def locked(self) -> str | None:
        file = self.folder / "locked"
        return file.read_text().strip() if file.exists() else None

    def settings(self) -> list[str]:
        """What was changed, in order, without the GPU's name."""
        calls = (self.folder / "calls").read_text().splitlines() if (self.folder / "calls").exists() else []
        return [call.removeprefix(f"-i {UUID} ") for call in calls if "clocks=" in call or "reset" in call]
