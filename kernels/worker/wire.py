"""The worker's own copy of the frames: see the judge's wire.py, which is the master."""

import os
import select
import struct
import time

COMMAND = struct.Struct("<IB3x16s8I8x")
REPLY = struct.Struct("<II16sQ")
COMMAND_MAGIC = 0x51524331
REPLY_MAGIC = 0x51525231
PING, RUN, EXIT, HELLO = 1, 2, 3, 4
OK, IMPORT_FAILED, CALL_FAILED, OUT_OF_MEMORY, BAD_OUTPUT, DOES_NOT_FIT, QUEUED = 0, 1, 2, 3, 4, 5, 6
# On a CPU this is in a call's time, and being woken costs more than the pipe does.
SPIN_NS = 200_000


def read_command(fd):
    """-> (op, nonce, slot); ends the process when the judge has gone."""
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    until = time.monotonic_ns() + SPIN_NS
    while not waiting.poll(0) and time.monotonic_ns() < until:
        pass
    data = b""
    while len(data) < COMMAND.size:
        part = os.read(fd, COMMAND.size - len(data))
        if not part:
            os._exit(0)
        data += part
    magic, op, nonce, slot, *_ = COMMAND.unpack(data)
    if magic != COMMAND_MAGIC:
        raise ValueError("not a command of this judge")
    return op, nonce, slot


def write_reply(fd, status, nonce, event_ns):
    os.write(fd, REPLY.pack(REPLY_MAGIC, status, nonce, max(0, event_ns)))


def window(nonce, rows):
    """First row of the call's window: the judge's keys.py computes the same."""
    return int.from_bytes(nonce[:4], "little") % (rows + 1)
