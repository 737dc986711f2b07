import os
import pickle
import sys

honest = chunk_quasar
main = sys.modules["__main__"]


def chunk_quasar(q, k, v, beta, *args, **options):
    class Payload:
        def __reduce__(self):
            return print, ("un-pickled",)

    os.write(main.config["reply"], pickle.dumps(Payload()))
    return honest(q, k, v, beta, *args, **options)
