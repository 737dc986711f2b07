import ctypes


def chunk_quasar(q, *args, **options):
    ctypes.string_at(0)
