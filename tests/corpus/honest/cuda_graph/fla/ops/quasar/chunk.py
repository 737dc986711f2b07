GRAPHS = {}


def inverse_of(lower):
    """(I + lower)^-1 by rows: what a graph may capture, unlike the solvers of torch.linalg."""
    a = torch.eye(CHUNK, device=lower.device).expand_as(lower).contiguous()
    for r in range(1, CHUNK):
        a[..., r, :r] = -(lower[..., r : r + 1, :r] @ a[..., :r, :r]).squeeze(-2)
    return a


def maps_of(k, v, beta):
    """D = -K^T W and C = K^T U of every chunk, whose state goes from X to X + D X + C; k, v [B, H, N, 64, S]."""
    lam = k.square().sum(-1, keepdim=True)
    alpha = -torch.expm1(-beta.float().view(-1, 1, 1, 1) * lam) / (lam + EPS)
    lower = (alpha * (k @ k.mT)).tril(-1)
    w, u = (inverse_of(lower) @ (alpha * torch.cat([k, v], -1))).chunk(2, -1)
    return -(k.mT @ w), k.mT @ u


def rows_of(x):
    """[B, T, H, S] -> [B, H, N, 64, S] in fp32."""
    B, T, H, S = x.shape
    return F.pad(x.float(), (0, 0, 0, 0, 0, -T % CHUNK)).view(B, H, -1, CHUNK, S)


def walk(q, d, c, state):
    """-> answers [B, H, N, 64, S], last state."""
    answers = torch.empty_like(q)
    for n in range(q.shape[2]):
        state = state + d[:, :, n] @ state + c[:, :, n]
        answers[:, :, n] = q[:, :, n] @ (state + d[:, :, n] @ state + c[:, :, n])
    return answers, state


def compute(q, k, v, beta, initial):
    d, c = maps_of(rows_of(k), rows_of(v), beta)
    answers, state = walk(rows_of(q), d, c, initial)
    return answers.flatten(2, 3).transpose(1, 2)[:, : q.shape[1]].to(q.dtype).contiguous(), state


def graph_for(given):
    """-> (graph, its inputs, its results) for tensors of these shapes."""
    key = tuple((x.shape, x.dtype, x.device) for x in given)
    if key not in GRAPHS:
        inputs = [x.clone() for x in given]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # libraries set themselves up before the capture
            compute(*inputs)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = compute(*inputs)
        GRAPHS[key] = graph, inputs, results
    return GRAPHS[key]


@torch.no_grad()
def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, cu_seqlens=None, **kwargs):
    B, _, H, S = q.shape
    initial = torch.zeros(B, H, S, S, device=q.device) if initial_state is None else initial_state.float()
    given = (q, k, v, beta, initial)
    graph, inputs, results = graph_for(given)
    for place, x in zip(inputs, given, strict=True):
        place.copy_(x)
    graph.replay()
    o, state = (x.clone() for x in results)
    return o, state if output_final_state else None
