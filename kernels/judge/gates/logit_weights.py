"""The language model of the logit check: its sizes, and its weights, drawn from the key or read from a directory.

The task's layer always has drawn weights: no published model contains it. Everything else can be a real model's.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch

from judge.faults import Refused
from judge.gates.safetensors_file import SafetensorsError, SafetensorsFile
from judge.keys import Keys
from judge.logit_option import READ
from judge.task import Task

# With the key convolution at a quarter, memory lasts long enough for a forgetful kernel to show in the logits.
KEY_CONV_GAIN = 0.25
SHARD_ROWS = 8192


@dataclass(frozen=True)
class Sizes:
    """`branch` is what drawn weights scale every residual branch by.

    At sqrt(2 / blocks) the layers have the share in the result that they have in two blocks: the same rounding error of
    an honest layer, and the same view of a wrong one. Unscaled, 24 blocks take upstream itself beyond the limit.
    """

    name: str
    length: int
    hidden: int
    heads: int
    head_dim: int
    blocks: int
    inner: int
    vocabulary: int
    eps: float = 1e-5
    branch: float = 1.0

    def trunk(self) -> dict:
        """What the worker is told."""
        return {
            "hidden": self.hidden,
            "heads": self.heads,
            "headDim": self.head_dim,
            "blocks": self.blocks,
            "eps": self.eps,
        }


SMALL = Sizes("small", length=2048, hidden=512, heads=8, head_dim=64, blocks=2, inner=1024, vocabulary=8192)
SIZES = {
    "small": SMALL,
    # The shape of Qwen2.5-0.5B.
    "qwen": Sizes(
        "qwen",
        length=2048,
        hidden=896,
        heads=14,
        head_dim=64,
        blocks=24,
        inner=4864,
        vocabulary=151_936,
        eps=1e-6,
        branch=(2 / 24) ** 0.5,
    ),
    # Small enough for a CPU of two cores, the same model as `small` otherwise.
    "cpu": Sizes("cpu", length=512, hidden=256, heads=4, head_dim=64, blocks=2, inner=512, vocabulary=2048),
}


def choose(task: Task, kind: str, directory: Path | None) -> Sizes:
    """The task's preset, or the shape of the real model where a directory is configured; on a CPU always the small one.

    Raises Refused where a directory is configured on a CPU, or where the task names an unknown preset.
    """
    if kind == "cpu":
        if directory is not None:
            raise Refused(f"the real weights in {directory} need a GPU: leave --logit-weights out on a CPU")
        return SIZES["cpu"]
    preset = "qwen" if directory is not None else task.data.get("logits", {}).get("preset", "small")
    if preset not in SIZES:
        raise Refused(
            f"the task names the unknown preset {str(preset)[:40]!r} for its logits, this judge has {', '.join(SIZES)}"
        )
    return SIZES[preset]


@dataclass(frozen=True)
class Weights:
    """bf16, on one device. `trunk` is what the worker gets, by name; the final norm and the head stay in the judge."""

    source: str
    trunk: dict[str, torch.Tensor]
    norm: torch.Tensor | None
    head: torch.Tensor


def drawn(sizes: Sizes, keys: Keys, reference: ModuleType, device: torch.device) -> Weights:
    """Unit-variance embeddings, fan-in scaled linears, a head that makes logits of unit deviation; no norm weights."""

    def block(index: int) -> dict[str, torch.Tensor]:
        generator = _generator(keys, f"block/{index}")
        weights = _layer(index, sizes, generator, reference)
        for name, out, into in (
            ("gate", sizes.inner, sizes.hidden),
            ("up", sizes.inner, sizes.hidden),
            ("down", sizes.hidden, sizes.inner),
        ):
            gain = sizes.branch if name == "down" else 1.0
            weights[f"{index}.{name}"] = torch.randn(out, into, generator=generator) * (gain / into**0.5)
        return _placed(weights, device)

    def head(shard: int) -> torch.Tensor:
        rows = min(SHARD_ROWS, sizes.vocabulary - shard * SHARD_ROWS)
        part = torch.randn(rows, sizes.hidden, generator=_generator(keys, f"head/{shard}"))
        return _bf16(part / sizes.hidden**0.5, device)

    generator = _generator(keys, "prompt")
    # Only the rows that the prompt uses are drawn.
    rows, where = _tokens(sizes, generator).unique(return_inverse=True)
    trunk = {"x": _bf16(torch.randn(len(rows), sizes.hidden, generator=generator)[where], device)}
    with _pool() as pool:
        heads = pool.map(head, range(-(-sizes.vocabulary // SHARD_ROWS)))
        for weights in pool.map(block, range(sizes.blocks)):
            trunk |= weights
        return Weights("drawn", trunk, None, torch.cat(list(heads)))


def read(directory: Path, sizes: Sizes, keys: Keys, reference: ModuleType, device: torch.device) -> Weights:
    """Embeddings, norms, MLPs and head of the model in `directory`, which must be of exactly these sizes.

    The layer is drawn for inputs of unit size, and published attention norms are not: theirs are brought to unit RMS.
    Raises Refused with what to do when the directory cannot be used.
    """
    try:
        tied = _check_config(directory / "config.json", sizes)
        file = SafetensorsFile(directory / "model.safetensors")
        hidden, inner = sizes.hidden, sizes.inner
        embedding = file.tensor("model.embed_tokens.weight", (sizes.vocabulary, hidden))
        trunk = {"x": _bf16(embedding[_tokens(sizes, _generator(keys, "prompt"))], device)}
        for index in range(sizes.blocks):
            prefix = f"model.layers.{index}."
            attention_norm = file.tensor(f"{prefix}input_layernorm.weight", (hidden,)).float()
            weights = _layer(index, sizes, _generator(keys, f"block/{index}"), reference)
            weights |= {
                f"{index}.layer_norm": attention_norm / attention_norm.square().mean().sqrt().clamp_min(1e-12),
                f"{index}.mlp_norm": file.tensor(f"{prefix}post_attention_layernorm.weight", (hidden,)),
                f"{index}.gate": file.tensor(f"{prefix}mlp.gate_proj.weight", (inner, hidden)),
                f"{index}.up": file.tensor(f"{prefix}mlp.up_proj.weight", (inner, hidden)),
                f"{index}.down": file.tensor(f"{prefix}mlp.down_proj.weight", (hidden, inner)),
            }
            trunk |= _placed(weights, device)
        norm = _bf16(file.tensor("model.norm.weight", (hidden,)), device)
        head = embedding if tied else file.tensor("lm_head.weight", (sizes.vocabulary, hidden))
        weights = Weights(READ, trunk, norm, _bf16(head, device))
    except SafetensorsError as error:
        raise Refused(str(error)) from error
    for name, tensor in (*weights.trunk.items(), ("model.norm", norm), ("the head", weights.head)):
        if not bool(torch.isfinite(tensor).all()):
            raise Refused(f"cannot use {file.path}: {name} is not finite in bfloat16: the file is damaged")
    return weights


def _check_config(path: Path, sizes: Sizes) -> bool:
    """Whether embedding and head are one. Raises Refused unless the model is of these sizes."""
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read {path}: {error}. Name the directory of a downloaded model.") from error
    expected = {
        "hidden_size": sizes.hidden,
        "num_hidden_layers": sizes.blocks,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.inner,
        "vocab_size": sizes.vocabulary,
        "rms_norm_eps": sizes.eps,
    }
    config = config if isinstance(config, dict) else {}
    wrong = [
        f"{name} is {config.get(name)}, not {value}" for name, value in expected.items() if config.get(name) != value
    ]
    if wrong:
        raise Refused(f"{path} is of another model than the logit check's {sizes.name}: {'; '.join(wrong)}")
    return bool(config.get("tie_word_embeddings", False))


def _layer(index: int, sizes: Sizes, generator: torch.Generator, reference: ModuleType) -> dict[str, torch.Tensor]:
    layer = reference.layer_weights(generator, sizes.hidden, sizes.heads, sizes.head_dim)
    layer["k_conv1d.weight"] = layer["k_conv1d.weight"] * KEY_CONV_GAIN
    layer["o_proj.weight"] = layer["o_proj.weight"] * sizes.branch
    return {f"{index}.layer.{name}": w for name, w in layer.items()}


def _tokens(sizes: Sizes, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(sizes.vocabulary, (1, sizes.length), generator=generator)


def _generator(keys: Keys, part: str) -> torch.Generator:
    """On the CPU, so that every host draws the same; one for each part, so that parts are drawn side by side."""
    return torch.Generator().manual_seed(keys.seed(f"logits/{part}"))


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)))


def _placed(weights: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: _bf16(w, device) for name, w in weights.items()}


def _bf16(w: torch.Tensor, device: torch.device) -> torch.Tensor:
    return w.to(torch.bfloat16).contiguous().to(device)
