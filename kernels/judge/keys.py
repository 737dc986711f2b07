"""One secret per evaluation, drawn after the tree is frozen; every secret choice is a named stream of it.

`sha256` is published before the first timed call and the key at the end, so that anybody can replay every input.
"""

from __future__ import annotations

import hashlib
import os

import numpy as np

NONCE_BYTES = 16


class Keys:
    """Named streams: equal names give equal draws, and one stream says nothing about another."""

    def __init__(self, value: bytes):
        if len(value) != 32:
            raise ValueError("an evaluation key has 32 bytes")
        self.value = value

    @classmethod
    def draw(cls) -> Keys:
        return cls(os.urandom(32))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.value).hexdigest()

    def reveal(self) -> dict:
        return {"sha256": self.sha256, "value": self.value.hex()}

    def bytes(self, name: str, size: int = 32) -> bytes:
        return hashlib.shake_256(b"quasar-judge/v1\0" + self.value + name.encode()).digest(size)

    def seed(self, name: str) -> int:
        """A 63-bit seed for what draws tensors."""
        return int.from_bytes(self.bytes(name, 8), "little") >> 1

    def stream(self, name: str) -> np.random.Generator:
        """Philox, for the choices that are not inputs: order, blocks, drops, borders."""
        return np.random.Generator(np.random.Philox(key=int.from_bytes(self.bytes(name, 16), "little")))

    def nonce(self, name: str) -> bytes:
        return self.bytes(f"nonce/{name}", NONCE_BYTES)


def window(nonce: bytes, rows: int) -> int:
    """First row of a call's window, 0 to `rows` inclusive. The worker computes the same from the frame's nonce."""
    return int.from_bytes(nonce[:4], "little") % (rows + 1)
