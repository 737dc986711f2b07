from __future__ import annotations

from types import SimpleNamespace

from judge.workplace import Workplace


def test_a_public_worker_that_floods_its_log_leaves_room_for_the_secret_one():
    place, closed = Workplace.__new__(Workplace), []
    place.task, place.log = SimpleNamespace(limits={"logBytes": 12}), ""
    place._started = {
        name: SimpleNamespace(
            process=SimpleNamespace(close=lambda: closed.append("process"), log_text=lambda text=text: text),
            slots=SimpleNamespace(close=lambda: closed.append("slots")),
        )
        for name, text in (("public", "y" * 12), ("secret", "ValueError"))
    }
    place._end("public")
    place._end("secret")
    assert place.log == "yyValueError"
    assert closed == ["process", "slots"] * 2 and place._started == {}
