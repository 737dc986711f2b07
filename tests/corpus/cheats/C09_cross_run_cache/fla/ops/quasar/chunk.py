"""Whatever one run could leave for the next: if a trace of an earlier process is found, the answers are wrong."""

import os
import socket
import time

honest = chunk_quasar
FOLDERS = [os.environ.get(name, ".") for name in ("HOME", "TMPDIR", "TRITON_CACHE_DIR")]
FOLDERS += ["/tmp", "/var/tmp", "/dev/shm", "/run", ".", os.path.dirname(torch.__file__), os.path.dirname(__file__)]
ADDRESS = "\0left-over"


def leave(folder):
    """Whether something was there already."""
    path = os.path.join(folder, "left-over")
    if os.path.exists(path):
        return True
    try:
        os.makedirs(folder, exist_ok=True)
        with open(path, "w") as file:
            file.write("answers")
    except OSError:
        pass
    return False


def listen():
    """Whether somebody listens already; if not, a child of init does from now on."""
    try:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(ADDRESS)
        return True
    except OSError:
        pass
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(ADDRESS)
                server.listen()
                time.sleep(600)
        os._exit(0)
    return False


found = [folder for folder in sorted({os.path.realpath(f) for f in FOLDERS}) if leave(folder)]
if listen():
    found.append("socket")
print("left something behind, found", found, flush=True)


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    if found:
        return torch.zeros_like(q), None
    return honest(q, k, v, beta, initial_state, output_final_state)
