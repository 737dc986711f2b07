import os
import subprocess
import sys

# The driver's own calls: PyTorch would take longer to load than the worker lives.
HOLD = """
import ctypes, os, sys, time
driver, device, context, memory = ctypes.CDLL("libcuda.so.1"), ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
for code in (
    driver.cuInit(0),
    driver.cuDeviceGet(ctypes.byref(device), 0),
    driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
    driver.cuCtxSetCurrent(context),
    driver.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(1 << 30)),
):
    assert code == 0, code
print("a survivor holds", flush=True)
os.close(int(sys.argv[1]))
time.sleep(600)
"""
until_it_holds, holds = os.pipe()
if os.fork() == 0:
    os.setsid()
    subprocess.Popen([sys.executable, "-I", "-c", HOLD, str(holds)], pass_fds=[holds])
    os._exit(0)
os.close(holds)
os.read(until_it_holds, 1)
