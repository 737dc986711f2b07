hoard = []


def chunk_quasar(q, *args, **options):
    while True:
        hoard.append(torch.ones(1 << 30, dtype=torch.uint8, device=q.device))
