"""The order of a call whose work both sides queue first, with neither a GPU nor a worker."""

from __future__ import annotations

import pytest
from judge import wire
from judge.faults import Fault
from judge.slots.queued import QUEUE_SECONDS, SPARE_NS, take_turn
from judge.slots.slots import Answer

QUEUE_NS = round(QUEUE_SECONDS * 1e9)
CALL_NS = 3_000_000


class Scene:
    """A turn, a command and a clock in one; notes what is done. `answers` come in order, None is silence."""

    def __init__(self, *answers, takes_ns=CALL_NS):
        self.answers, self.takes_ns, self.now, self.done = (list(answers), takes_ns, 0, [])

    def send(self):
        self.done.append("sent")

    def answer(self, within_s=None):
        status = self.answers.pop(0)
        if isinstance(status, Fault):
            raise status
        if within_s is not None:
            assert within_s == QUEUE_SECONDS
        if status is None:
            return None
        if "played" in self.done:
            self.now += self.takes_ns
        return Answer(status, 7)

    def play(self, look_now):
        self.done.append("looks" if look_now else "played")

    def release(self):
        self.done.append("released")

    def ns(self):
        self.done.append("timed")
        return CALL_NS

    def taken(self):
        return take_turn(self, self, lambda: self.now)


def test_inputs_come_when_the_worker_has_queued_the_call():
    scene = Scene(wire.QUEUED, wire.OK)
    assert scene.taken() == (CALL_NS, CALL_NS, Answer(wire.OK, 7))
    assert scene.done == ["sent", "played", "released", "timed"]


@pytest.mark.parametrize("answers", [(None, wire.QUEUED, wire.OK), (None, wire.OK)])
def test_inputs_come_all_the_same_to_a_worker_that_takes_long_to_queue(answers):
    scene = Scene(*answers)
    assert scene.taken()[2].status == wire.OK
    assert scene.done == ["sent", "played", "released", "timed"] and not scene.answers


@pytest.mark.parametrize("status", [wire.OK, wire.BAD_OUTPUT, wire.IMPORT_FAILED, 99])
def test_an_answer_before_the_inputs_is_leave_to_look_at_once(status):
    scene = Scene(status)
    assert scene.taken()[2].status == status
    assert scene.done == ["sent", "looks", "released", "timed"]


@pytest.mark.parametrize("status", [wire.CALL_FAILED, wire.DOES_NOT_FIT, wire.OUT_OF_MEMORY])
def test_a_call_that_was_given_up_gets_no_inputs_and_what_the_worker_queued_goes_on(status):
    scene = Scene(status)
    assert scene.taken() == (0, 0, Answer(status, 7))
    assert scene.done == ["sent", "released"]


@pytest.mark.parametrize("answers", [(Fault("timeout", ""),), (wire.QUEUED, Fault("early_exit", ""))])
def test_a_worker_that_ends_or_hangs_holds_nobody_up(answers):
    scene = Scene(*answers)
    with pytest.raises(Fault):
        scene.taken()
    assert scene.done[-1] == "released"


def test_a_side_that_cannot_be_queued_holds_nobody_up(monkeypatch):
    scene = Scene(wire.QUEUED)
    monkeypatch.setattr(scene, "play", lambda look_now: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        scene.taken()
    assert scene.done == ["sent", "released"]


def test_queued_is_said_once():
    assert Scene(wire.QUEUED, wire.QUEUED).taken()[2].status == wire.QUEUED


def test_a_worker_may_answer_a_little_late():
    assert Scene(wire.QUEUED, wire.OK, takes_ns=CALL_NS + QUEUE_NS + SPARE_NS).taken()[0] == CALL_NS


def test_a_worker_that_waits_with_its_answer_is_timed_waiting():
    assert Scene(wire.QUEUED, wire.OK, takes_ns=CALL_NS + QUEUE_NS + SPARE_NS + 5).taken()[0] == CALL_NS + 5
