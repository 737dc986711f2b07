import os
import signal
import time


def chunk_quasar(q, *args, **options):
    print("forking", flush=True)
    while True:
        try:
            if os.fork() == 0:
                signal.pause()
        except OSError:
            time.sleep(0.01)
