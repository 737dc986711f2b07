def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    return v, initial_state
