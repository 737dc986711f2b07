def chunk_quasar(q, *args, **options):
    torch.cuda._sleep(1 << 50)
    return q, None
