import os
import signal


def chunk_quasar(q, *args, **options):
    os.kill(os.getpid(), signal.SIGKILL)
