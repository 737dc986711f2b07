def chunk_quasar(q, *args, **options):
    torch.empty(1 << 40, dtype=torch.uint8)
