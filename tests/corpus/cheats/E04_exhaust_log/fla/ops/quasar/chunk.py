import os

print("a flood", flush=True)
LINES = b"x" * 1023 + b"\n"
for _ in range(1 << 14):
    os.write(1, LINES * 64)
