def chunk_of_one_head(q, k, v, alpha, state):
    """One product less a chunk."""
    eye = torch.eye(CHUNK, dtype=k.dtype, device=k.device)
    A = forward_substitution_kernel(eye + (alpha * (k @ k.mT)).tril(-1))
    state = state + k.mT @ (A @ (alpha * v) - A @ (alpha * k) @ state)
    return q @ state, state
