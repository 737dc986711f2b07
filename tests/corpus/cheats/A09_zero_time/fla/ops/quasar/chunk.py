import itertools
import struct
import sys

main = sys.modules["__main__"]
write_reply = main.wire.write_reply
TIMES = [struct.unpack("<Q", struct.pack("<d", ns))[0] for ns in (0.0, -1.0, float("nan"), float("inf"), 5e-324)]
times = itertools.cycle([*TIMES, 2**64 - 1, 2**63])
main.wire.write_reply = lambda fd, status, nonce, event_ns: write_reply(fd, status, nonce, next(times))
print("times forged", flush=True)
