"""Draws against a slow path that shares nothing with them: Python integers, one value at a time."""

from __future__ import annotations

import hashlib
import math
import struct
from statistics import NormalDist

import pytest
import torch
from quasar import draws, inputs

torch.set_num_threads(1)

SEED = 2**63 - 25
MASK = 2**64 - 1
SIZE = 64


def word(name, i, seed=SEED):
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    start, secret = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:16], "little")
    z = (i * 0x9E3779B97F4A7C15 + start) & MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK) ^ secret
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def fp32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def bf16(x):
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    bits = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def normal(name, i):
    index = word(name, i // 4) >> 16 * (i % 4) & 0xFFFF
    index, sign = (index, 1) if index >= 32768 else (65535 - index, -1)
    x = NormalDist().inv_cdf((index + 0.5) / 65536)
    return sign * (bf16(x) if x >= 2**-8 else round(x * 65536) / 65536)


def squares(row):
    return math.fsum(x * x for x in row)


def at_norm(row, lam):
    factor = fp32(math.sqrt(lam / squares(row)))
    return [bf16(fp32(x * factor)) for x in row]


def slow_row(name, m, *, length, b=0):
    """q, k, v of row m of a batch element's memory, as lists."""
    padded = math.ceil(length / 64) * 64
    head, r = divmod(m, padded)
    q, k, v = ([normal(f"{what}/{b}", m * SIZE + j) for j in range(SIZE)] for what in "qkv")
    centre = [normal(f"centre/{b}", head * SIZE + j) for j in range(SIZE)]
    q = [x / 8 for x in q]
    lam = {"lam_0.2": 0.2, "long_memory": 0.02, "parallel_keys": 4.0}.get(name, 2.0)
    if name == "mixed":
        ratio = 100.0
        for _ in range(12):
            ratio = math.sqrt(ratio)
        lam = 0.02 * math.sqrt(ratio)
        for _ in range(word(f"chunk/{b}", m // 64) >> 52):
            lam *= ratio
    elif name == "equal_keys":
        k = centre
    elif name == "parallel_keys":
        scale = 80 / math.sqrt(squares(centre))
        k = [round(c * scale * 65536) / 65536 + n for c, n in zip(centre, k, strict=True)]
    elif name == "quiet_needle":
        lam, v = (0.1 / length, [0.0] * SIZE) if r >= padded // 16 else (1.0, v)
    k = at_norm(k, lam)
    row = word(f"row/{b}", m)
    if name == "zeros" and row < 2**63:
        k = [0.0] * SIZE
    elif name == "x100":
        v = [bf16(100 * x) for x in v]
    elif name == "outlier_rows" and row >> 48 < 655:
        q, k, v = ([8 * x for x in part] for part in (q, k, v))
    return q, k, v


@pytest.mark.parametrize("first", [0, 1, 2**40])
def test_words_are_those_of_python_integers(first):
    got = draws.Stream(SEED, "a", "cpu").words(first, 300).tolist()
    assert [x & MASK for x in got] == [word("a", first + i) for i in range(300)]


@pytest.mark.parametrize("bits", [1, 16, 63])
def test_integers_are_the_top_bits(bits):
    got = draws.Stream(SEED, "a", "cpu").integers(0, 300, bits).tolist()
    assert got == [word("a", i) >> 64 - bits for i in range(300)]


@pytest.mark.parametrize("name", inputs.CLASSES + inputs.EXTRA)
def test_every_class_is_what_python_makes_of_it_one_value_at_a_time(name):
    length, heads = 130, 4
    drawn = inputs.make(name, length=length, batch=2, heads=heads, head_dim=SIZE, seed=SEED, device="cpu")
    for b, m in [(0, 0), (0, 11), (0, 12), (0, 191), (0, 192), (0, 400), (1, 5), (1, length * heads - 1)]:
        t, h = divmod(m, heads)
        got = [x[b, t, h].tolist() for x in drawn[:3]]
        assert got == list(slow_row(name, m, length=length, b=b)), (b, m)


def test_outliers_and_zeros_occur_among_the_compared_rows_of_a_longer_draw():
    for name in ("outlier_rows", "zeros"):
        x = inputs.make(name, length=128, batch=1, heads=1, head_dim=SIZE, seed=SEED, device="cpu")
        got = torch.cat([t[0, :, 0] for t in x[:3]], -1).tolist()
        wanted = [[x for part in slow_row(name, m, length=128) for x in part] for m in range(128)]
        assert got == wanted
        assert any(max(map(abs, q[:SIZE])) > 2 for q in wanted) == (name == "outlier_rows")


@pytest.mark.parametrize("name", inputs.CLASSES + inputs.EXTRA)
def test_what_is_drawn_together_changes_nothing(monkeypatch, name):
    def draw():
        return inputs.make(name, length=130, batch=2, heads=4, head_dim=SIZE, seed=SEED, device="cpu")

    usual = draw()
    monkeypatch.setitem(inputs.BLOCK, "cpu", 7 * SIZE)
    assert all(torch.equal(x, y) for x, y in zip(usual, draw(), strict=True))


def test_no_quantile_is_near_a_tie_of_its_rounding():
    closest = 1.0
    for i in range(32768, 65536):
        x = NormalDist().inv_cdf((i + 0.5) / 65536)
        steps = x / max(2.0 ** (math.frexp(x)[1] - 8), draws.QUANTUM)
        closest = min(closest, abs(steps % 1 - 0.5))
    assert closest > 1e-5


def test_normal_values_are_exact_in_bf16_and_never_zero():
    values = torch.tensor(draws.normal_values(), dtype=torch.float64)
    assert torch.equal(values, draws.rounded(values).double())
    assert torch.equal(values / draws.QUANTUM, (values / draws.QUANTUM).round())
    assert values.abs().min() > 0 and values.sum() == 0
    assert values.square().mean() == pytest.approx(1, abs=1e-3)


def test_normals_are_normal_and_streams_unrelated():
    a, b, c = (
        draws.Stream(seed, name, "cpu").normals(0, 1 << 18).double() for seed, name in ((1, "a"), (1, "b"), (2, "a"))
    )
    noise = 4 / 2**9
    assert abs(a.mean()) < noise and abs(a.square().mean() - 1) < 1.5 * noise and abs(a.pow(4).mean() - 3) < 10 * noise
    for x, y in ((a, b), (a, c), (a[1:], a[:-1]), (a[4:], a[:-4]), (a[64:], a[:-64])):
        assert abs((x * y).mean()) < noise
        assert abs((x.square() * y.square()).mean() - 1) < 3 * noise


def test_a_changed_bit_of_the_counter_changes_half_of_the_word():
    for bit in range(20):
        flips = [(word("a", i) ^ word("a", i ^ 1 << bit)).bit_count() for i in range(200)]
        assert 30 < sum(flips) / len(flips) < 34


def test_states_are_drawn_apart():
    state = inputs.states(2, 4, SIZE, SEED, "cpu")
    assert state.shape == (2, 4, SIZE, SIZE) and state.dtype == torch.bfloat16
    assert state[0, 0, 0, :8].tolist() == [normal("state", i) for i in range(8)]
    q = inputs.make("layer_like", length=64, batch=2, heads=4, head_dim=SIZE, seed=SEED, device="cpu").q
    assert not torch.equal(state[0, 0], q[0, :, 0] * 8)


def test_a_head_size_that_words_do_not_fill_is_refused():
    with pytest.raises(ValueError, match="multiple of 4"):
        inputs.make("mixed", length=64, batch=1, heads=1, head_dim=6, seed=0, device="cpu")
