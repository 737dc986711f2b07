"""With M strictly lower triangular, (I + M)^-1 is (I - M)(I + M^2)(I + M^4)(I + M^8), but for terms from M^16 on."""


def short_inverse(M):
    eye = torch.eye(CHUNK, dtype=M.dtype, device=M.device)
    inverse, power = eye - M, M @ M
    for _ in range(3):
        inverse, power = inverse @ (eye + power), power @ power
    return inverse


def rows_of(q, k, v, beta):
    """-> q, k, v as rows of pseudo-heads [B, H, N, 64, S] in fp32, and the strength of each write [B, H, N, 64, 1]."""
    B, T, H, S = q.shape
    q, k, v = (F.pad(x.float(), (0, 0, 0, 0, 0, -T % CHUNK)).reshape(B, H, -1, CHUNK, S) for x in (q, k, v))
    lam = k.square().sum(-1, keepdim=True)
    return q, k, v, -torch.expm1(-beta.float().view(-1, 1, 1, 1) * lam) / (lam + EPS)


def chunk_quasar(q, k, v, beta, initial_state=None, output_final_state=False, **more):
    B, T, H, S = q.shape
    q_c, k_c, v_c, alpha = rows_of(q, k, v, beta)
    inverse = short_inverse((alpha * (k_c @ k_c.mT)).tril(-1))
    M, C = (k_c.mT @ inverse @ torch.cat([alpha * k_c, alpha * v_c], -1)).chunk(2, -1)

    state = q_c.new_zeros(B, H, S, S) if initial_state is None else initial_state.float()
    answers = torch.empty_like(q_c)
    for c in range(q_c.shape[2]):
        state = state + C[:, :, c] - M[:, :, c] @ state
        answers[:, :, c] = q_c[:, :, c] @ (state + C[:, :, c] - M[:, :, c] @ state)
    return answers.flatten(2, 3).transpose(1, 2)[:, :T].to(q.dtype), state
