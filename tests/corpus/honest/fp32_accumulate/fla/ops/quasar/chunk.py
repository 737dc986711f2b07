def product(a, b):
    """bf16 operands; a product of two of them is exact in fp32, and so is summed in it."""
    return a.bfloat16().float() @ b.bfloat16().float()


def maps_of(k, v, beta):
    """D = -K^T W and C = K^T U of every chunk, whose state goes from X to X + D X + C; k, v [B, H, N, 64, S]."""
    lam = k.square().sum(-1, keepdim=True)
    alpha = -torch.expm1(-beta.float().view(-1, 1, 1, 1) * lam) / (lam + EPS)
    lower = (alpha * product(k, k.mT)).tril(-1)
    both = torch.linalg.solve_triangular(lower, alpha * torch.cat([k, v], -1), upper=False, unitriangular=True)
    w, u = both.chunk(2, -1)
    return -(k.mT @ w), k.mT @ u


def rows_of(x):
    """[B, T, H, S] -> [B, H, N, 64, S] in fp32."""
    B, T, H, S = x.shape
    return F.pad(x.float(), (0, 0, 0, 0, 0, -T % CHUNK)).view(B, H, -1, CHUNK, S)


def walk(q, d, c, state):
    """-> answers [B, H, N, 64, S], last state."""
    answers = torch.empty_like(q)
    for n in range(q.shape[2]):
        state = state + product(d[:, :, n], state) + c[:, :, n]
        answers[:, :, n] = product(q[:, :, n], state + product(d[:, :, n], state) + c[:, :, n])
    return answers, state


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, cu_seqlens=None, **kwargs):
    B, T, H, S = q.shape
    state = torch.zeros(B, H, S, S, device=q.device) if initial_state is None else initial_state.float()
    d, c = maps_of(rows_of(k), rows_of(v), beta)
    answers, state = walk(rows_of(q), d, c, state)
    o = answers.flatten(2, 3).transpose(1, 2)[:, :T].to(q.dtype).contiguous()
    return o, state if output_final_state else None
