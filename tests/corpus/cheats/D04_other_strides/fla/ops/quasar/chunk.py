honest = chunk_quasar


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    o, state = honest(q, k, v, beta, initial_state, output_final_state)
    return o.transpose(1, 3).contiguous().transpose(1, 3), state
