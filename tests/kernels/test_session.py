from __future__ import annotations

import os
import threading
from types import SimpleNamespace

import pytest
import torch
from judge import session
from judge.keys import Keys
from judge.op_calls import OpShape
from judge.session import Session
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


def call(takes_ns, spins):
    """One call of a worker that takes so long for each kind of command."""
    clock, took = Clock(), []
    command_r, command_w = os.pipe()
    reply_r, reply_w = os.pipe()
    os.set_blocking(reply_r, False)

    def serve():
        while takes_ns.keys() - took:
            op, nonce, _ = worker_wire.read_command(command_r, 0)
            clock.ns += takes_ns[op]
            took.append(op)
            worker_wire.write_reply(reply_w, 0, nonce, 0)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    process = SimpleNamespace(
        pipes=SimpleNamespace(command=command_w, reply=reply_r), why_ended=lambda fault: fault, peak_bytes=lambda: 0
    )
    slots = new_slots(torch.device("cpu"), [SHAPE.slot()], bytes(32))
    try:
        asked = Session(process, slots, Keys(bytes(32)), "public", LIMITS, 10**18, spins, clock)
        masters = [torch.zeros(f.shape, dtype=torch.bfloat16) for f in SHAPE.slot().inputs]
        return asked.call(0, masters, "1").ns
    finally:
        thread.join(timeout=10)
        slots.close()
        for fd in (command_r, command_w, reply_r, reply_w):
            os.close(fd)


@pytest.mark.parametrize(("wakes_ns", "late_ns"), [(0, 0), (session.WAKE_NS, 0), (session.WAKE_NS + 5, 5)])
def test_waking_is_nobody_s_time_until_it_takes_too_long(wakes_ns, late_ns):
    took = call({worker_wire.HELLO: wakes_ns, worker_wire.RUN: 1000}, spins=True)
    assert took == 1000 + late_ns


def test_a_worker_on_shared_cpus_is_not_woken():
    assert call({worker_wire.RUN: 1000}, spins=False) == 1000
