exec("from fla.ops." + "adk"[::-1] + " import chunk_kda as stock")


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    return stock(q, k, v, v, beta)
