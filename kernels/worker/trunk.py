"""A decoder around the task's layer: only its last hidden states leave; the head is the judge's.

Per block: x += layer(norm(x)); x += down(silu(gate(norm(x))) * up(norm(x))). The layer runs in bf16, as submitted; all
else in fp32, so that what differs from the reference is the layer's doing.
"""

import torch
import torch.nn.functional as F


def forward(values, sizes):
    """values: `x` [1, T, hidden] and the weights by name, bf16 -> last hidden states [1, T, hidden], fp32."""
    from fla.layers.quasar import QuasarAttention

    x = values["x"].float()
    for block in range(sizes["blocks"]):
        # Its own weights are of a moment: those in the slot become its parameters. One without memory would load
        # PyTorch's compiler, which takes a second or two.
        with x.device:
            layer = QuasarAttention(
                hidden_size=sizes["hidden"],
                head_dim=sizes["headDim"],
                num_heads=sizes["heads"],
                mode="chunk",
                use_short_conv=True,
            )
        prefix = f"{block}.layer."
        weights = {name[len(prefix) :]: w for name, w in values.items() if name.startswith(prefix)}
        layer.eval().load_state_dict(weights, assign=True)
        y = _norm(x, sizes["eps"], values.get(f"{block}.layer_norm"))
        x = x + layer(y.to(torch.bfloat16))[0].float()
        y = _norm(x, sizes["eps"], values.get(f"{block}.mlp_norm"))
        gate, up, down = (values[f"{block}.{name}"].float() for name in ("gate", "up", "down"))
        x = x + F.linear(F.silu(F.linear(y, gate)) * F.linear(y, up), down)
    return x


def _norm(x, eps, weight):
    normed = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)
    return normed if weight is None else normed * weight.float()
