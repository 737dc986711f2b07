from __future__ import annotations

import dataclasses
import json
import struct

import pytest
import torch
from judge.faults import Refused
from judge.gates import logit_weights, logits
from judge.gates.safetensors_file import SafetensorsError, SafetensorsFile
from judge.keys import Keys
from judge.task import Task, load_task
from test_logits import layer_of_the_reference, run

__all__ = ["layer_of_the_reference"]

KEYS = Keys(bytes(range(32)))
SIZES = logit_weights.Sizes(
    "tiny",
    128,
    hidden=128,
    heads=2,
    head_dim=64,
    blocks=2,
    inner=192,
    vocabulary=300,
    eps=1e-6,
)
CONFIG = {
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 192,
    "vocab_size": 300,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True,
}


def tensors() -> dict[str, torch.Tensor]:
    """A model of the published names; its embeddings and norms are far from unit size, as those of real ones are."""
    generator = torch.Generator().manual_seed(5)

    def normal(*shape, size):
        return (size * torch.randn(*shape, generator=generator)).to(torch.bfloat16)

    found = {
        "model.embed_tokens.weight": normal(300, 128, size=0.02),
        "model.norm.weight": 7 + normal(128, size=1),
    }
    for i in range(2):
        prefix = f"model.layers.{i}."
        found |= {
            f"{prefix}input_layernorm.weight": normal(128, size=0.05),
            f"{prefix}post_attention_layernorm.weight": 1 + normal(128, size=0.3),
            f"{prefix}mlp.gate_proj.weight": normal(192, 128, size=0.05),
            f"{prefix}mlp.up_proj.weight": normal(192, 128, size=0.05),
            f"{prefix}mlp.down_proj.weight": normal(128, 192, size=0.05),
            f"{prefix}self_attn.q_proj.weight": normal(4, 4, size=1),
        }
    return found


def packed(found: dict[str, torch.Tensor], **changes) -> bytes:
    """The bytes of a safetensors file; `changes` replace parts of the first tensor's header entry."""
    names = {torch.bfloat16: "BF16", torch.float32: "F32"}
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, tensor in found.items():
        raw = tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
        offsets = [len(body), len(body) + len(raw)]
        header[name] = {
            "dtype": names[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": offsets,
        }
        body += raw
    first = next(iter(found))
    header[first] = {**header[first], **changes}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "model.safetensors").write_bytes(packed(tensors()))
    return tmp_path


def read(directory, sizes=SIZES) -> logit_weights.Weights:
    return logit_weights.read(directory, sizes, KEYS, load_task("quasar").reference(), logits.CPU)


def test_a_real_model_is_used_for_all_but_the_layer(directory):
    found, weights = tensors(), read(directory)
    assert torch.equal(weights.head, found["model.embed_tokens.weight"])
    assert torch.equal(weights.norm, found["model.norm.weight"])
    assert torch.equal(weights.trunk["1.down"], found["model.layers.1.mlp.down_proj.weight"])
    assert torch.equal(
        weights.trunk["0.mlp_norm"],
        found["model.layers.0.post_attention_layernorm.weight"],
    )
    rows = {tuple(row.tolist()) for row in found["model.embed_tokens.weight"]}
    assert {tuple(row.tolist()) for row in weights.trunk["x"][0]} <= rows
    assert weights.trunk["0.layer.q_proj.weight"].shape == (128, 128)
    assert all(w.dtype == torch.bfloat16 for w in weights.trunk.values())


def test_the_layers_inputs_keep_unit_size(directory):
    weight = read(directory).trunk["0.layer_norm"].float()
    assert weight.square().mean().sqrt().item() == pytest.approx(1, abs=0.01)


def test_an_untied_head_is_read_from_the_file(directory):
    head = torch.randn(300, 128).to(torch.float32)
    (directory / "config.json").write_text(json.dumps({**CONFIG, "tie_word_embeddings": False}))
    (directory / "model.safetensors").write_bytes(packed({**tensors(), "lm_head.weight": head}))
    assert torch.equal(read(directory).head, head.to(torch.bfloat16))


def test_the_check_passes_an_honest_layer_in_a_real_model(directory, layer_of_the_reference):
    found, [report] = run(logits.Model(SIZES, KEYS, load_task("quasar"), directory=directory))
    assert report["model"] == "tiny, read weights"
    assert found["logits_max_abs_diff"]["value"] < 0.1


def test_a_model_of_other_sizes_is_refused_by_name(directory):
    with pytest.raises(Refused, match="hidden_size is 128, not 896; num_hidden_layers is 2, not 24"):
        read(directory, logit_weights.SIZES["qwen"])


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ("{", "cannot read .*config.json"),
        ("[]", "hidden_size is None"),
        (None, "Name the directory"),
    ],
)
def test_a_config_that_cannot_be_read_is_refused(directory, config, what):
    file = directory / "config.json"
    file.unlink() if config is None else file.write_text(config)
    with pytest.raises(Refused, match=what):
        read(directory)


def test_weights_that_are_not_finite_are_refused(directory):
    found = tensors()
    found["model.layers.1.mlp.up_proj.weight"][3, 3] = float("inf")
    (directory / "model.safetensors").write_bytes(packed(found))
    with pytest.raises(Refused, match=r"1\.up is not finite"):
        read(directory)


FIRST = "model.embed_tokens.weight"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "give the directory that holds it"),
        (b"", "it has 0 bytes"),
        (struct.pack("<Q", 2**62) + b"{}", "cut short"),
        (struct.pack("<Q", 4) + b"{{{{", "not JSON"),
        (struct.pack("<Q", 2) + b"[]", "not a JSON object"),
        (packed(tensors())[:-100], "bytes after the file"),
        (packed(tensors(), dtype="I8"), "convert the model to bfloat16"),
        (packed(tensors(), dtype=["BF16"]), "convert the model to bfloat16"),
        (packed(tensors(), shape=[300, 127]), "do not fit its shape"),
        (packed(tensors(), shape=[-300, -128]), "malformed"),
        (packed(tensors(), shape="ab"), "malformed"),
        (packed(tensors(), data_offsets=[5]), "malformed"),
        (packed(tensors(), data_offsets=[-76800, 0]), "malformed"),
        (
            packed({**tensors(), FIRST: torch.zeros(300, 64)}),
            r"has shape \[300, 64\], expected \[300, 128\]",
        ),
        (packed({"other": torch.zeros(2)}), f"lacks {FIRST}"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(directory, content, what):
    file = directory / "model.safetensors"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(Refused, match=what):
        read(directory)


def test_a_tensor_does_not_change_with_the_file(directory):
    file = SafetensorsFile(directory / "model.safetensors")
    assert FIRST in file and "__metadata__" not in file
    one, other = file.tensor(FIRST, (300, 128)), file.tensor(FIRST, (300, 128))
    one.zero_()
    assert other.abs().sum() > 0
    with pytest.raises(SafetensorsError):
        file.tensor(FIRST, (128, 300))


def test_every_host_draws_the_same_whatever_its_processors(monkeypatch):
    sizes = dataclasses.replace(SIZES, vocabulary=20_000)
    reference = load_task("quasar").reference()
    many = logit_weights.drawn(sizes, KEYS, reference, logits.CPU)
    monkeypatch.setattr(logit_weights.os, "sched_getaffinity", lambda pid: {0})
    one = logit_weights.drawn(sizes, KEYS, reference, logits.CPU)
    assert torch.equal(many.head, one.head) and many.head.shape == (20_000, 128)
    assert list(many.trunk) == list(one.trunk)
    assert all(torch.equal(many.trunk[name], one.trunk[name]) for name in one.trunk)


def task_with(preset) -> Task:
    task = load_task("quasar")
    return Task({**task.data, "logits": {"preset": preset}}, task.family)


def test_the_preset_is_the_tasks(tmp_path):
    assert logit_weights.choose(load_task("quasar"), "cuda", None).name == "small"
    assert logit_weights.choose(task_with("qwen"), "cuda", None).name == "qwen"
    assert logit_weights.choose(task_with("qwen"), "cpu", None).name == "cpu"
    assert logit_weights.choose(task_with("small"), "cuda", tmp_path).name == "qwen"
    with pytest.raises(Refused, match="need a GPU"):
        logit_weights.choose(task_with("small"), "cpu", tmp_path)
    with pytest.raises(Refused, match="unknown preset 'large'"):
        logit_weights.choose(task_with("large"), "cuda", None)
