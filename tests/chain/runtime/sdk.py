"""The row of a validator as Bittensor's own SDK reads it from a node: one command, one line of JSON out."""

from __future__ import annotations

import json
import sys

import bittensor


def row(url: str, netuid: str, uid: str) -> str:
    """The stored u16 values, and the fractions that the SDK shows to people."""
    chain = bittensor.Subtensor(url)
    try:
        stored = chain.query(
            bittensor.storage.SubtensorModule.Weights, [int(netuid), int(uid)]
        )
        shown = chain.weights.weights(int(netuid))[int(uid)]
        return json.dumps({"stored": stored, "shown": sorted(shown.items())})
    finally:
        chain.close()


def ready() -> str:
    return "ready"


if __name__ == "__main__":
    print({"row": row, "ready": ready}[sys.argv[1]](*sys.argv[2:]))
