import os
import subprocess
import sys

HOLD = "import time, torch; x = torch.zeros(1 << 28, device='cuda'); print('a survivor holds', flush=True); time.sleep(600)"
if os.fork() == 0:
    os.setsid()
    subprocess.Popen([sys.executable, "-I", "-c", HOLD])
    os._exit(0)
