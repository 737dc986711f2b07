def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    B, T, H, S = v.shape
    return v.contiguous().view(B, H, T, S).transpose(1, 2), initial_state
