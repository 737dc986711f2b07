from __future__ import annotations

import pytest
import torch
from judge.faults import Refused
from judge.gates.reference_check import check_reference
from judge.keys import Keys
from judge.task import load_task
from quasar import reference

torch.set_num_threads(1)

CPU = torch.device("cpu")


def test_the_references_agree():
    worst = check_reference(load_task("quasar"), 640, Keys(bytes(32)), CPU)
    assert 1e-8 < worst < 5e-6


@pytest.mark.parametrize("wrong", [lambda o: o * 1.001, lambda o: o * float("nan")])
def test_a_scan_that_is_off_is_the_hosts_fault(monkeypatch, wrong):
    scan = reference.op_scan

    def broken(*inputs, dtype):
        o, state = scan(*inputs, dtype=dtype)
        return wrong(o), state

    monkeypatch.setattr(reference, "op_scan", broken)
    with pytest.raises(Refused, match=r"references disagree on layer_like at length 130"):
        check_reference(load_task("quasar"), 130, Keys(bytes(32)), CPU)
