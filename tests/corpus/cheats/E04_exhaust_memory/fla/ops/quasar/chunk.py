hoard = []


def chunk_quasar(q, *args, **options):
    while True:
        hoard.append(torch.ones(1 << 26, dtype=torch.uint8))
