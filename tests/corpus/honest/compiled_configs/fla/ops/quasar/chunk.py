PLANS = {}


def plan_for(shape):
    """How to walk N chunks: most of a group, groups, and the spare places in the last."""
    if shape not in PLANS:
        chunks = triton.cdiv(shape[1], CHUNK)
        per_group = max(1, round(chunks**0.5))
        PLANS[shape] = per_group, triton.cdiv(chunks, per_group), -chunks % per_group
    return PLANS[shape]


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


def walk(q, d, c, state, plan):
    """All groups at once, after the state was carried from group to group."""
    chunks, (per_group, groups, spare) = q.shape[2], plan
    d, c = (F.pad(x, (0, 0, 0, 0, 0, spare)).unflatten(2, (groups, per_group)) for x in (d, c))
    group_d, group_c = d[:, :, :, 0], c[:, :, :, 0]
    for p in range(1, per_group):
        step = d[:, :, :, p]
        group_d, group_c = group_d + step + step @ group_d, group_c + step @ group_c + c[:, :, :, p]
    before = []
    for g in range(groups):
        before.append(state)
        state = state + group_d[:, :, g] @ state + group_c[:, :, g]
    before, twice = torch.stack(before, 2), []
    for p in range(per_group):
        before = before + d[:, :, :, p] @ before + c[:, :, :, p]
        twice.append(before + d[:, :, :, p] @ before + c[:, :, :, p])
    return q @ torch.stack(twice, 3).flatten(2, 3)[:, :, :chunks], state


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, cu_seqlens=None, **kwargs):
    B, T, H, S = q.shape
    state = torch.zeros(B, H, S, S, device=q.device) if initial_state is None else initial_state.float()
    d, c = maps_of(rows_of(k), rows_of(v), beta)
    answers, state = walk(rows_of(q), d, c, state, plan_for(tuple(q.shape)))
    o = answers.flatten(2, 3).transpose(1, 2)[:, :T].to(q.dtype).contiguous()
    return o, state if output_final_state else None
