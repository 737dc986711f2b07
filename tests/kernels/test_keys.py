from __future__ import annotations

import hashlib

import numpy as np
import pytest
from judge.keys import Keys, window
from worker import wire as worker_wire

KEY = Keys(bytes(range(32)))


def test_the_commitment_is_the_sha256_of_the_key():
    assert KEY.reveal() == {"sha256": hashlib.sha256(bytes(range(32))).hexdigest(), "value": bytes(range(32)).hex()}


def test_equal_names_give_equal_draws_and_others_do_not():
    assert KEY.seed("a") == KEY.seed("a") != KEY.seed("b")
    assert KEY.nonce("a") == KEY.nonce("a") != KEY.nonce("b")
    assert np.array_equal(KEY.stream("a").permutation(50), KEY.stream("a").permutation(50))
    assert not np.array_equal(KEY.stream("a").permutation(50), KEY.stream("b").permutation(50))


def test_two_evaluations_share_nothing():
    one, other = Keys.draw(), Keys.draw()
    assert one.value != other.value
    assert one.seed("public/512/0") != other.seed("public/512/0")


def test_a_key_of_another_size_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Keys(b"short")


def test_judge_and_worker_agree_on_the_window():
    windows = {window(KEY.nonce(str(i)), 4096) for i in range(2000)}
    assert all(worker_wire.window(KEY.nonce(str(i)), 4096) == window(KEY.nonce(str(i)), 4096) for i in range(2000))
    assert min(windows) >= 0 and max(windows) <= 4096 and len(windows) > 1000
