"""A small decoder around the task's layer, in bf16: only its last hidden states leave; the head is the judge's.

Per block: x += layer(norm(x)); x += down(silu(gate(norm(x))) * up(norm(x))), RMSNorms without weight.
"""

import torch
import torch.nn.functional as F

EPS = 1e-5


def forward(values, sizes):
    """values: `x` [1, T, hidden] and the weights by name -> last hidden states [1, T, hidden], bf16."""
    from fla.layers.quasar import QuasarAttention

    x = values["x"]
    for block in range(sizes["blocks"]):
        prefix = f"{block}.layer."
        with torch.device(x.device):
            layer = QuasarAttention(
                hidden_size=sizes["hidden"],
                head_dim=sizes["headDim"],
                num_heads=sizes["heads"],
                mode="chunk",
                use_short_conv=True,
            )
        layer = layer.to(torch.bfloat16).eval()
        layer.load_state_dict({name[len(prefix) :]: w for name, w in values.items() if name.startswith(prefix)})
        x = x + layer(_norm(x))[0]
        y = _norm(x)
        gated = F.silu(F.linear(y, values[f"{block}.gate"])) * F.linear(y, values[f"{block}.up"])
        x = x + F.linear(gated, values[f"{block}.down"])
    return x


def _norm(x):
    return (x.float() * torch.rsqrt(x.float().square().mean(-1, keepdim=True) + EPS)).to(x.dtype)
