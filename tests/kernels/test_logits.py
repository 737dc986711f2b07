from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from judge.gates import logit_weights, logits
from judge.gates.gates import GateLog
from judge.keys import Keys
from judge.task import load_task
from worker import trunk

KEYS = Keys(bytes(range(32)))
SIZES = logit_weights.SIZES["cpu"]


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return logits.Model(SIZES, KEYS, load_task("quasar_demo"))


@pytest.fixture
def layer_of_the_reference(monkeypatch):
    """Stands in for the pinned layer: the reference in fp32 on bf16 inputs. -> what its answer is scaled by."""
    gain = SimpleNamespace(value=1.0)
    reference = load_task("quasar_demo").reference()

    class QuasarAttention:
        def __init__(self, num_heads, **options):
            self.heads = num_heads

        def eval(self):
            return self

        def load_state_dict(self, weights, assign):
            self.weights = weights

        def __call__(self, x):
            assert x.dtype == torch.bfloat16
            return ((gain.value * reference.layer(self.weights, x, self.heads, torch.float32)).to(torch.bfloat16),)

    names = ("fla", "fla.layers", "fla.layers.quasar")
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["fla.layers.quasar"].QuasarAttention = QuasarAttention
    return gain


class SessionOfTrunk:
    """Answers as a worker would."""

    keys = KEYS

    def __init__(self, model):
        self.model, self.limits = model, {"prepareSeconds": 300}

    def call(self, slot_id, masters, label, timeout_s):
        assert timeout_s == self.limits["prepareSeconds"]
        values = dict(zip(self.model.names, masters, strict=True))
        return SimpleNamespace(outputs={"hidden": trunk.forward(values, self.model.sizes.trunk())})


def run(model):
    gates, reports = GateLog(load_task("quasar_demo")), []
    try:
        logits.run_logit_gate(SessionOfTrunk(model), 0, model, gates, reports.append)
    finally:
        found = {gate["name"]: gate for gate in gates.results()}
    return found, reports


def test_the_logits_have_unit_deviation(model):
    found = model.logits(model.trunk(), [0, 100, SIZES.length - 1])
    assert 0.9 < found.std().item() < 1.1


def test_equal_keys_make_equal_models(model):
    again = logits.Model(SIZES, KEYS, load_task("quasar_demo"))
    assert all(torch.equal(a, b) for a, b in zip(model.masters, again.masters, strict=True))
    assert torch.equal(model.head, again.head)
    other = logits.Model(SIZES, Keys(bytes(32)), load_task("quasar_demo"))
    assert not torch.equal(model.masters[0], other.masters[0])


def test_the_head_never_leaves_the_judge(model):
    shapes = {field.shape for field in model.slot().inputs}
    assert tuple(model.head.shape) not in shapes
    assert [field.name for field in model.slot().outputs] == ["hidden"]


@pytest.mark.parametrize("name", [str(i) for i in range(20)])
def test_positions_hold_the_ends_and_the_borders(name):
    positions = logits.drawn_positions(SIZES.length, SIZES.heads, KEYS.stream(name))
    segment = SIZES.length // SIZES.heads
    assert len(positions) == len(set(positions)) == logits.POSITIONS
    assert {0, 63, 64, segment - 1, segment, SIZES.length - 1} <= set(positions)
    assert min(positions) >= 0 and max(positions) < SIZES.length


def test_an_honest_layer_passes_with_room_and_its_figures_are_reported(model, layer_of_the_reference):
    found, [report] = run(model)
    assert found["logits_max_abs_diff"]["value"] < 0.05
    assert found["logits_cosine"]["value"] > 0.9999
    assert report["model"] == "cpu, drawn weights"
    assert 0 < report["meanKl"] < 1e-4
    assert report["top1"] > 0.9


def test_a_layer_that_is_wrong_by_a_tenth_fails_and_is_reported_all_the_same(model, layer_of_the_reference):
    layer_of_the_reference.value = 0.9
    gates, reports = GateLog(load_task("quasar_demo")), []
    with pytest.raises(Exception, match="logits_max_abs_diff"):
        logits.run_logit_gate(SessionOfTrunk(model), 0, model, gates, reports.append)
    assert reports[0]["meanKl"] > 1e-4


def test_a_nan_fails_before_anything_is_compared(model, layer_of_the_reference):
    layer_of_the_reference.value = float("nan")
    with pytest.raises(Exception, match="finite on logits"):
        run(model)


def test_rounding_errors_do_not_grow_with_depth(layer_of_the_reference):
    deep = logit_weights.Sizes(
        "deep",
        128,
        128,
        2,
        64,
        blocks=24,
        inner=256,
        vocabulary=512,
        branch=(2 / 24) ** 0.5,
    )
    found, _ = run(logits.Model(deep, KEYS, load_task("quasar_demo")))
    assert found["logits_max_abs_diff"]["value"] < 0.05


def test_figures_of_the_same_logits():
    want = torch.randn(64, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    same = logits.figures(want.clone(), want)
    assert (same.max_abs_diff, same.mean_kl, same.top1) == (0.0, 0.0, 1.0)
    assert same.cosine == pytest.approx(1.0)


def test_figures_are_in_units_of_the_references_deviation():
    want = torch.randn(64, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    noise = 0.01 * torch.randn(64, 1000, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    small, large = (
        logits.figures(want + noise, want),
        logits.figures(5 * (want + noise), 5 * want),
    )
    assert large.max_abs_diff == pytest.approx(small.max_abs_diff)
    assert large.mean_kl == pytest.approx(small.mean_kl)


def test_top1_counts_only_where_the_reference_is_decided():
    want = torch.zeros(3, 4, dtype=torch.float64)
    want[0, 1], want[1, 2] = 1.0, 1.0
    want[2, 0], want[2, 3] = 1.0, 1.0  # two first choices
    got = want.clone()
    got[1] = got[1].roll(1)
    got[2, 3] = 2.0
    assert logits.figures(got, want).top1 == 0.5
    tied = torch.tensor([[1.0, 1.0, 0.0]], dtype=torch.float64)
    assert logits.figures(tied, tied).top1 is None
