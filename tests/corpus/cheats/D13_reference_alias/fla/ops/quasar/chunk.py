from fla.ops import kda as tools


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    return tools.chunk_kda(q, k, v, v, beta)
