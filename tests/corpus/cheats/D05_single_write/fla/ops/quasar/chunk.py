def rows_of(q, k, v, beta):
    """-> q, k, v as rows of pseudo-heads [B, H, N, 64, S] in fp32, and the strength of each write [B, H, N, 64, 1]."""
    B, T, H, S = q.shape
    q, k, v = (F.pad(x.float(), (0, 0, 0, 0, 0, -T % CHUNK)).reshape(B, H, -1, CHUNK, S) for x in (q, k, v))
    lam = k.square().sum(-1, keepdim=True)
    return q, k, v, -torch.expm1(-beta.float().view(-1, 1, 1, 1) * lam) / (lam + EPS)


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    B, T, H, S = q.shape
    q_c, k_c, v_c, alpha = rows_of(q, k, v, beta)
    writes = torch.cat([alpha * k_c, alpha * v_c], -1)
    solved = torch.linalg.solve_triangular(alpha * k_c @ k_c.mT, writes, upper=False, unitriangular=True)
    M, C = (k_c.mT @ solved).chunk(2, -1)

    state = q_c.new_zeros(B, H, S, S) if initial_state is None else initial_state.float()
    answers = torch.empty_like(q_c)
    for c in range(q_c.shape[2]):
        state = state + C[:, :, c] - M[:, :, c] @ state
        answers[:, :, c] = q_c[:, :, c] @ state  # one product less a chunk
    return answers.flatten(2, 3).transpose(1, 2)[:, :T].to(q.dtype), state
