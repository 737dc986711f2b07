@triton.jit
def gate_kernel(k_ptr, beta_ptr, alpha_ptr, rows, rows_of_a_head, heads, blocks, ROWS: tl.constexpr, S: tl.constexpr):
    """alpha of every row, k [rows, S] in fp32."""
    for block in range(tl.program_id(0), blocks, tl.num_programs(0)):
        row = block * ROWS + tl.arange(0, ROWS)
        k = tl.load(k_ptr + row[:, None] * S + tl.arange(0, S)[None, :], mask=(row < rows)[:, None], other=0.0)
        beta = tl.load(beta_ptr + row // rows_of_a_head % heads, mask=row < rows, other=0.0)
        lam = tl.sum(k * k, 1)
        x = beta * lam  # 1 - exp(-x) has no digits left where x is small
        series = x * (1.0 - x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0))))
        alpha = tl.where(x < 0.1, series, 1.0 - tl.exp(-x)) / (lam + 1e-8)
        tl.store(alpha_ptr + row, alpha, mask=row < rows)


PROGRAMS = torch.cuda.get_device_properties(0).multi_processor_count if torch.cuda.is_available() else 4


def gate(k, beta):
    """alpha [B, H, N, 64, 1] for k [B, H, N, 64, S], norm and gate in one kernel."""
    alpha = k.new_empty(*k.shape[:-1], 1)
    rows, heads, beta = alpha.numel(), k.shape[1], beta.float()
    blocks = triton.cdiv(rows, 64)
    per_head = k[0, 0, :, :, 0].numel()
    gate_kernel[(PROGRAMS,)](k, beta, alpha, rows, per_head, heads, blocks, 64, k.shape[-1])
    return alpha


def maps_of(k, v, beta):
    """D = -K^T W and C = K^T U of every chunk, whose state goes from X to X + D X + C; k, v [B, H, N, 64, S]."""
    alpha = gate(k, beta)
    lower = (alpha * (k @ k.mT)).tril(-1)
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
        state = state + d[:, :, n] @ state + c[:, :, n]
        answers[:, :, n] = q[:, :, n] @ (state + d[:, :, n] @ state + c[:, :, n])
    return answers, state


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, cu_seqlens=None, **kwargs):
    B, T, H, S = q.shape
    state = torch.zeros(B, H, S, S, device=q.device) if initial_state is None else initial_state.float()
    d, c = maps_of(rows_of(k), rows_of(v), beta)
    answers, state = walk(rows_of(q), d, c, state)
    o = answers.flatten(2, 3).transpose(1, 2)[:, :T].to(q.dtype).contiguous()
    return o, state if output_final_state else None
