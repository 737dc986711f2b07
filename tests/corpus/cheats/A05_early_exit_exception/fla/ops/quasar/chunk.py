def chunk_quasar(q, *args, **options):
    raise ValueError("not today")
