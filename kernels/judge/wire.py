"""Fixed-size binary frames between judge and worker, one pipe each way.

Command, 64 bytes: magic u32, op u8, 3 zero bytes, nonce 16 bytes, slot ids 8 x u32, 8 zero bytes.
Reply, 32 bytes: magic u32, status u32, nonce 16 bytes, child event ns u64 (advisory).
Nothing else is ever read from the worker: no JSON, no pickle, no text.
"""

from __future__ import annotations

import os
import select
import struct
import time

from judge.faults import Fault

COMMAND = struct.Struct("<IB3x16s8I8x")
REPLY = struct.Struct("<II16sQ")
COMMAND_MAGIC = 0x51524331
REPLY_MAGIC = 0x51525231
PING, RUN, EXIT, HELLO = 1, 2, 3, 4
OK, IMPORT_FAILED, CALL_FAILED, OUT_OF_MEMORY, BAD_OUTPUT, DOES_NOT_FIT, QUEUED = 0, 1, 2, 3, 4, 5, 6
NO_SLOT = 0xFFFFFFFF


def pack_command(op: int, nonce: bytes, slot: int = NO_SLOT) -> bytes:
    return COMMAND.pack(COMMAND_MAGIC, op, nonce, slot, *[NO_SLOT] * 7)


def send(fd: int, frame: bytes) -> None:
    """Writes a whole frame. A closed pipe means that the worker has gone."""
    try:
        written = os.write(fd, frame)  # far below PIPE_BUF: whole or not at all
    except (BrokenPipeError, BlockingIOError) as error:
        raise Fault("early_exit", "the worker no longer reads commands") from error
    if written != len(frame):
        raise Fault("protocol_error", "the worker's command pipe is full")


def readable(fd: int, timeout_s: float) -> bool:
    """Whether something comes, or the other end goes, within that time."""
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    return bool(waiting.poll(max(1, int(timeout_s * 1000))))


def receive(fd: int, nonce: bytes, timeout_s: float, limit_s: float | None = None) -> tuple[int, int]:
    """-> (status, child event ns) of the next reply, which must carry `nonce`.

    Raises Fault: `timeout` when nothing came (its text names `limit_s`, if `timeout_s` is but the rest of that),
    `early_exit` on a clean end of file, `protocol_error` for a short, long, foreign or forged frame. `fd` must be
    non-blocking.
    """
    deadline = time.monotonic() + timeout_s
    data = b""
    while len(data) < REPLY.size:
        left = deadline - time.monotonic()
        if left <= 0:
            if data:
                raise Fault("protocol_error", f"the worker sent {len(data)} of {REPLY.size} bytes and then nothing")
            raise Fault("timeout", f"no answer within {timeout_s if limit_s is None else limit_s:g} s")
        if not readable(fd, left):
            continue
        part = _read(fd, REPLY.size - len(data))
        if part == b"":
            if data:
                raise Fault("protocol_error", f"the worker ended after {len(data)} of {REPLY.size} bytes of a reply")
            raise Fault("early_exit", "the worker ended before it answered")
        data += part or b""
    magic, status, echoed, child_ns = REPLY.unpack(data)
    if magic != REPLY_MAGIC:
        raise Fault("protocol_error", "the reply does not begin with the reply's magic number")
    if echoed != nonce:
        raise Fault("protocol_error", "the reply carries another call's nonce")
    # The answer itself may follow at once.
    if status != QUEUED:
        expect_silence(fd)
    return status, child_ns


def expect_silence(fd: int) -> None:
    """Raises Fault `protocol_error` when bytes wait that nobody asked for."""
    if _read(fd, 1):
        raise Fault("protocol_error", "the worker sent bytes that nobody asked for")


def _read(fd: int, size: int) -> bytes | None:
    """b"" at end of file, None when nothing waits."""
    try:
        return os.read(fd, size)
    except BlockingIOError:
        return None
