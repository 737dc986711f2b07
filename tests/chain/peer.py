"""Bittensor's own packages, asked from our tests: one command, hex in, one line of hex or text out."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import bittensor_drand
from bittensor_wallet import Keypair, Wallet


def encrypt(round_: str, plaintext: str) -> str:
    """The ciphertext as the chain takes it, without the length and the round that the package puts around it."""
    made, _ = bittensor_drand.encrypt_at_round(bytes.fromhex(plaintext), int(round_))
    prefix = {0: 1, 1: 2, 2: 4}[made[0] & 3]
    return made[prefix:-8].hex()


def decrypt(round_: str, signature: str, ciphertext: str) -> str:
    inner = bytes.fromhex(ciphertext)
    length = (len(inner) << 2 | 2).to_bytes(4, "little")
    if len(inner) < 2**14:
        length = (len(inner) << 2 | 1).to_bytes(2, "little")
    return bittensor_drand.decrypt_with_signature(length + inner + int(round_).to_bytes(8, "little"), signature).hex()


def rounds(schedules: str) -> str:
    """The reveal round of each schedule, and the times before and after it was asked for."""
    found = []
    for at in json.loads(schedules):
        before = time.time()
        _, round_ = bittensor_drand.get_encrypted_commit_v2(
            [0],
            [65535],
            0,
            at["lastEpochBlock"],
            at["pendingEpochAt"],
            at["subnetEpochIndex"],
            at["tempo"],
            at["blocksSinceLastStep"],
            at["head"],
            at["revealPeriodEpochs"],
            12,
            bytes(32),
        )
        found.append({"before": before, "round": round_, "after": time.time()})
    return json.dumps(found)


def wallet(folder: str, password: str, phrase: str) -> str:
    """Writes a hotkey file as `btcli` does, encrypted if there is a password; prints the path."""
    made = Wallet(name="w", hotkey="h", path=folder)
    pair = Keypair.create_from_mnemonic(phrase)
    if password:
        made.set_hotkey(pair, encrypt=True, overwrite=True, hotkey_password=password)
    else:
        made.set_hotkey(pair, encrypt=False, overwrite=True)
    return str(Path(folder) / "w" / "hotkeys" / "h")


def ready() -> str:
    return "ready"


if __name__ == "__main__":
    commands = {
        "encrypt": encrypt,
        "decrypt": decrypt,
        "rounds": rounds,
        "wallet": wallet,
        "ready": ready,
    }
    print(commands[sys.argv[1]](*sys.argv[2:]))
