def maps_of(k, v, beta):
    """D = -K^T W and C = K^T U of every chunk, whose state goes from X to X + D X + C; k, v [B, H, N, 64, S]."""
    lam = k.square().sum(-1, keepdim=True)
    alpha = -torch.expm1(-beta.float().view(-1, 1, 1, 1) * lam) / (lam + EPS)
    lower = (alpha * (k @ k.mT)).tril(-1)
    both = torch.linalg.solve_triangular(lower, alpha * torch.cat([k, v], -1), upper=False, unitriangular=True)
    w, u = both.chunk(2, -1)
    return -(k.mT @ w), k.mT @ u


def rows_of(x):
    """[B, T, H, S] -> [B, H, N, 64, S] in fp32."""
    B, T, H, S = x.shape
    return F.pad(x.float(), (0, 0, 0, 0, 0, -T % CHUNK)).view(B, H, -1, CHUNK, S)


def walk_into(o, state, q, d, c):
    """Writes o [B, H, N, 64, S] and goes on in `state`."""
    for n in range(q.shape[2]):
        state += d[:, :, n] @ state + c[:, :, n]
        torch.matmul(q[:, :, n], state + d[:, :, n] @ state + c[:, :, n], out=o[:, :, n])


def chunk_quasar(
    q, k, v, beta, initial_state=None, output_final_state=False, cu_seqlens=None, out=None, state_out=None, **kwargs
):
    B, T, H, S = q.shape
    out = torch.empty_like(q) if out is None else out
    state = q.new_empty(B, H, S, S, dtype=torch.float32) if state_out is None else state_out
    state.zero_() if initial_state is None else state.copy_(initial_state)
    queries = rows_of(q)
    answers = torch.empty_like(queries)
    d, c = maps_of(rows_of(k), rows_of(v), beta)
    walk_into(answers, state, queries, d, c)
    out.copy_(answers.flatten(2, 3).transpose(1, 2)[:, :T])
    return out, state if output_final_state else None
