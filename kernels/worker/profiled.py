"""Calls the op under torch's profiler and writes a table of kernels, as text and as CSV, into two memory files.

For the author of the kernel only: this process runs the kernel, so nobody else may believe what it writes.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import csv
import io
import time

from worker import alone  # isort: skip (it loads PyTorch in its own way)
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

WARMING = 2
# One call of upstream has 220,000 launches at a million tokens, and 30,000 operators at 512 on a CPU.
CALLS, LONG = 3, 65_536
NAME = 90


def rows_of(profiled, device):
    """(name, calls, total us) of every kernel on a GPU, of every operator's own time on a CPU; the longest first."""
    found = []
    for event in profiled.key_averages():
        if device == "cuda":
            if event.device_type == DeviceType.CUDA:
                found.append((event.key, event.count, event.self_device_time_total))
        elif event.self_cpu_time_total > 0:
            found.append((event.key, event.count, event.self_cpu_time_total))
    return sorted(found, key=lambda row: -row[2])


def as_csv(rows):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", "calls", "total_us", "mean_us", "share"])
    total = sum(row[2] for row in rows) or 1.0
    for name, count, us in rows:
        writer.writerow([name, count, f"{us:.3f}", f"{us / count:.3f}", f"{us / total:.6f}"])
    return text.getvalue()


def as_text(rows, config, calls, wall_us):
    total = sum(row[2] for row in rows) or 1.0
    what = "kernels" if config["device"] == "cuda" else "operators"
    lines = [
        f"{config['entry']} at {config['length']} tokens on {config['device']}: {calls} calls",
        f"{wall_us / calls / 1e3:.3f} ms a call under the profiler, {total / calls / 1e3:.3f} ms of it in "
        f"{sum(row[1] for row in rows) // calls} {what}; the profiler itself costs time",
        "",
        f"{'share':>6} {'total us':>12} {'calls':>8} {'mean us':>10}  name",
    ]
    for name, count, us in rows:
        lines.append(f"{us / total:>6.1%} {us:>12.1f} {count:>8} {us / count:>10.2f}  {name[:NAME]}")
    return "\n".join(lines) + "\n"


def main():
    config = alone.configured()
    device = config["device"]
    entry = alone.import_entry(config)
    values = alone.inputs(config["length"], device)
    for _ in range(WARMING):
        entry(*values)
    alone.synchronize(device)
    calls = CALLS if device == "cuda" and config["length"] <= LONG else 1
    activities = [ProfilerActivity.CUDA] if device == "cuda" else [ProfilerActivity.CPU]
    with profile(activities=activities) as profiled:
        began = time.perf_counter()
        for _ in range(calls):
            entry(*values)
        alone.synchronize(device)
        wall_us = (time.perf_counter() - began) * 1e6
    rows = rows_of(profiled, device)
    if not rows:
        raise RuntimeError("the profiler saw nothing: CUPTI is missing, or the box keeps it from the GPU")
    text_fd, csv_fd = config["slots"]
    os.write(text_fd, as_text(rows, config, calls, wall_us).encode()[: config["most"]])
    os.write(csv_fd, as_csv(rows).encode()[: config["most"]])


if __name__ == "__main__":
    main()
