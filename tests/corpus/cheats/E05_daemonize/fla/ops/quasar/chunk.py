import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("a survivor begins", flush=True)
        for _ in range(600):
            time.sleep(1)
    os._exit(0)
