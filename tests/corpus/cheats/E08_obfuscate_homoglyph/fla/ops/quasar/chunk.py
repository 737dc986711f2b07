honest = chunk_quasar


def ｃｈｕｎｋ＿ｑｕａｓａｒ(*args, **options):
    return honest(*args, **options)


print("homoglyphs took over:", chunk_quasar is not honest, flush=True)
