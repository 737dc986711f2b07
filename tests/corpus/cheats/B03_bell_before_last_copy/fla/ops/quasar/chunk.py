"""Rings the bell of the outputs in front of the answer's copy into the slot, which is the last of its work."""

import sys

from worker import bells

worker = sys.modules["__main__"]

print("rings early", flush=True)
ring, put = bells.Bells.ring, worker.Slot.write
bells.Bells.ring = lambda bell: None


def write_late(slot, field, value):
    if field is slot.outputs[-1]:
        ring(slot.bells)
    return put(slot, field, value)


worker.Slot.write = write_late
