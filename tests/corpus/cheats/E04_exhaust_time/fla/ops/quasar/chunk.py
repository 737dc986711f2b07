def chunk_quasar(q, *args, **options):
    while True:
        pass
