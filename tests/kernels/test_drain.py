"""What is kept of what a worker prints."""

from __future__ import annotations

import os

import pytest
from judge.sandbox.drain import Drain


def kept(content: bytes, cap: int) -> str:
    reading, writing = os.pipe()
    drain = Drain(reading, cap)
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(content)
    drain.finish()
    return drain.text()


@pytest.mark.parametrize("size", [0, 1, 499, 500, 999, 1000])
def test_a_short_log_is_kept_whole(size):
    content = bytes(ord("a") + i % 26 for i in range(size))
    assert kept(content, 1000) == content.decode()


@pytest.mark.parametrize("size", [1001, 5_000, 1_000_000])
def test_of_a_flood_the_beginning_and_the_end_are_kept(size):
    text = kept(b"the beginning" + b"x" * size + b"the end", 1000)
    assert len(text) <= 1000
    assert text.startswith("the beginning") and text.endswith("the end")
    left_out = int(text.split("[... ")[1].split(" ")[0])
    marker = f"\n[... {left_out} bytes left out ...]\n"
    assert left_out + len(text) - len(marker) == size + len("the beginning" + "the end")
