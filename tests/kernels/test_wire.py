from __future__ import annotations

import os
import threading

import pytest
from judge import wire
from judge.faults import Fault
from worker import wire as worker_wire

NONCE = bytes(range(16))


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    for fd in (reading, writing):
        try:
            os.close(fd)
        except OSError:
            continue  # the test closed it


def reply(magic=wire.REPLY_MAGIC, status=0, nonce=NONCE, ns=5):
    return wire.REPLY.pack(magic, status, nonce, ns)


def test_frames_have_the_sizes_of_the_protocol():
    assert wire.COMMAND.size == 64 == len(wire.pack_command(wire.RUN, NONCE, 3))
    assert wire.REPLY.size == 32


def test_the_worker_reads_what_the_judge_packs(pipe):
    reading, writing = pipe
    wire.send(writing, wire.pack_command(wire.RUN, NONCE, 3))
    assert worker_wire.read_command(reading) == (wire.RUN, NONCE, 3)


def test_a_right_reply_is_taken(pipe):
    worker_wire.write_reply(pipe[1], wire.OK, NONCE, 7)
    assert wire.receive(pipe[0], NONCE, 1) == (wire.OK, 7)


@pytest.mark.parametrize(
    "frame",
    [
        reply(magic=1),
        reply(nonce=bytes(16)),
        reply() + b"x",
        reply() + reply(),
        b"\x80\x04\x95" + bytes(29),
        os.urandom(4096),
    ],
    ids=["magic", "nonce", "one byte more", "twice", "pickle", "noise"],
)
def test_a_wrong_frame_is_a_protocol_error(pipe, frame):
    os.write(pipe[1], frame)
    with pytest.raises(Fault) as caught:
        wire.receive(pipe[0], NONCE, 1)
    assert caught.value.reason == "protocol_error"


def test_a_short_frame_and_the_end_is_a_protocol_error(pipe):
    os.write(pipe[1], reply()[:31])
    os.close(pipe[1])
    with pytest.raises(Fault) as caught:
        wire.receive(pipe[0], NONCE, 1)
    assert caught.value.reason == "protocol_error"


def test_a_short_frame_and_then_nothing_is_a_protocol_error(pipe):
    os.write(pipe[1], reply()[:5])
    with pytest.raises(Fault) as caught:
        wire.receive(pipe[0], NONCE, 0.02)
    assert caught.value.reason == "protocol_error"


def test_no_reply_is_a_timeout_and_the_end_an_early_exit(pipe):
    with pytest.raises(Fault) as caught:
        wire.receive(pipe[0], NONCE, 0.02)
    assert caught.value.reason == "timeout"
    os.close(pipe[1])
    with pytest.raises(Fault) as caught:
        wire.receive(pipe[0], NONCE, 1)
    assert caught.value.reason == "early_exit"


def test_a_reply_in_pieces_is_taken_whole(pipe):
    frame = reply()
    writer = threading.Thread(target=lambda: [os.write(pipe[1], frame[i : i + 4]) for i in range(0, 32, 4)])
    writer.start()
    assert wire.receive(pipe[0], NONCE, 5) == (0, 5)
    writer.join()


def test_bytes_that_nobody_asked_for_are_a_protocol_error(pipe):
    wire.expect_silence(pipe[0])
    os.write(pipe[1], reply())
    with pytest.raises(Fault) as caught:
        wire.expect_silence(pipe[0])
    assert caught.value.reason == "protocol_error"


def test_a_worker_that_stopped_reading_has_exited_early(pipe):
    os.close(pipe[0])
    with pytest.raises(Fault) as caught:
        wire.send(pipe[1], wire.pack_command(wire.PING, NONCE))
    assert caught.value.reason == "early_exit"
