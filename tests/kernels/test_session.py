from __future__ import annotations

import os
import threading
from types import SimpleNamespace

import pytest
import torch
from judge import session, wire
from judge.faults import Fault, Refused
from judge.keys import Keys
from judge.op_calls import OpShape
from judge.session import Session
from judge.slots.layout import Field, Shape
from judge.slots.slots import new_slots
from worker import wire as worker_wire

SHAPE = OpShape(64, heads=1)
LIMITS = {"callSeconds": 30}


class Clock:
    """Stands still but for what a worker says that its answer took."""

    def __init__(self):
        self.ns = 0

    def __call__(self):
        return self.ns


@pytest.fixture
def pipes():
    command_r, command_w = os.pipe()
    reply_r, reply_w = os.pipe()
    os.set_blocking(reply_r, False)
    yield SimpleNamespace(command=command_w, reply=reply_r), command_r, reply_w
    for fd in (command_r, command_w, reply_r, reply_w):
        os.close(fd)


def call(pipes, *statuses, takes_ns=1000, shape=None):
    """-> ns of one call of a worker that takes so long and answers with these."""
    shape = shape or SHAPE.slot()
    ours, command_r, reply_w = pipes
    clock = Clock()

    def serve():
        _, nonce, _ = worker_wire.read_command(command_r)
        clock.ns += takes_ns
        for status in statuses:
            worker_wire.write_reply(reply_w, status, nonce, 0)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    process = SimpleNamespace(pipes=ours, why_ended=lambda fault: fault, peak_bytes=lambda: 0)
    slots = new_slots(torch.device("cpu"), [shape], bytes(32))
    try:
        asked = Session(process, slots, Keys(bytes(32)), "public", LIMITS, 10**18, clock)
        masters = [torch.zeros(f.shape, dtype=torch.bfloat16) for f in shape.inputs]
        return asked.call(0, masters, "1").ns
    finally:
        thread.join(timeout=10)
        slots.close()


def test_a_call_takes_as_long_as_its_worker(pipes):
    assert call(pipes, worker_wire.OK) == 1000


@pytest.mark.parametrize("status", [worker_wire.QUEUED, worker_wire.IMPORT_FAILED, 99])
def test_a_status_that_ends_no_call_is_no_answer(pipes, status):
    with pytest.raises(Fault, match=f"status {status} does not end a call") as raised:
        call(pipes, status)
    assert raised.value.reason == "protocol_error"


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        (OpShape(4161, heads=1).slot(), "a length of 4161 tokens"),
        (OpShape(65, batch=2, heads=4, state=True).slot(), "a length of 65 tokens"),
        (
            Shape("trunk", (Field("x", (1, 128, 64)),), (Field("hidden", (1, 128, 64), "float32"),)),
            "the logit check's model",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_length(pipes, shape, what):
    with pytest.raises(Fault) as raised:
        call(pipes, worker_wire.DOES_NOT_FIT, shape=shape)
    assert raised.value.reason == "unsupported"
    assert raised.value.detail == f"{what} does not fit into the GPU's memory (call 1)"


def command(pipes, limit_s):
    return session._Command(pipes[0], wire.RUN, bytes(16), 0, limit_s)


def test_silence_for_a_while_is_no_fault_until_the_command_s_own_limit(pipes):
    asked = command(pipes, 0.05)
    asked.send()
    assert asked.answer(0.001) is None
    with pytest.raises(Fault, match="no answer"):
        asked.answer(10.0)


def answered(pipes, *statuses):
    """A command to which the worker wrote these at once, each with 5 ns and its status for a time."""
    asked = command(pipes, 10.0)
    asked.send()
    for status in statuses:
        worker_wire.write_reply(pipes[2], status, bytes(16), 5 + status)
    return asked


def test_answers_may_follow_each_other_at_once(pipes):
    asked = answered(pipes, worker_wire.QUEUED, worker_wire.OK)
    assert asked.answer(10.0).status == wire.QUEUED
    assert asked.answer().child_ns == 5


def test_nothing_follows_the_last_answer(pipes):
    asked = answered(pipes, worker_wire.OK, worker_wire.QUEUED)
    with pytest.raises(Fault) as raised:
        asked.answer()
    assert raised.value.reason == "protocol_error"


def started(pipes, clock=lambda: 0, deadline_ns=10**18):
    """A session whose worker has not been called up yet."""
    process = SimpleNamespace(pipes=pipes[0], log_text=lambda: "no room")
    slots = SimpleNamespace(kind="cpu")
    return Session(process, slots, Keys(bytes(32)), "public", LIMITS, deadline_ns, clock)


def test_a_worker_stands_ready_when_it_answers_its_call(pipes):
    asked = started(pipes)
    asked.call_up()
    op, nonce, _ = worker_wire.read_command(pipes[1])
    worker_wire.write_reply(pipes[2], worker_wire.OK, nonce, 0)
    asked.hello()
    assert op == worker_wire.HELLO


@pytest.mark.parametrize("goes_wrong", ["spoke before", "does not read", "late", "garbage", "silence"])
def test_a_worker_that_does_not_get_ready_is_the_hosts_fault(pipes, goes_wrong, monkeypatch):
    """No line of a submission has run: whatever happens is `infra`, also a total that the host used up by itself."""
    monkeypatch.setattr(session, "READY_SECONDS", 0.05)
    _, command_r, reply_w = pipes
    clock = (lambda: 10**18) if goes_wrong == "late" else (lambda: 0)
    asked = started(pipes, clock)
    if goes_wrong == "spoke before":
        os.write(reply_w, b"hello")
    if goes_wrong == "does not read":
        os.dup2(reply_w, command_r)
    with pytest.raises(Refused, match=r"did not get ready.*no room"):
        asked.call_up()
        if goes_wrong == "garbage":
            os.write(reply_w, bytes(worker_wire.REPLY.size))
        asked.hello()


def test_an_output_that_the_worker_was_not_given_is_none_whatever_stands_in_the_slot(pipes):
    with pytest.raises(Fault, match="promised shape and type") as raised:
        call(pipes, worker_wire.BAD_OUTPUT)
    assert raised.value.reason == "nonfinite"
