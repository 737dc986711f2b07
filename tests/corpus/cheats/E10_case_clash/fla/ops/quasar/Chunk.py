def chunk_quasar(*args, **kwargs):
    raise SystemExit(0)
