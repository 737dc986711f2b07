from __future__ import annotations

import struct

import pytest
from judge.sandbox import seccomp

NUMBERS = {"x86_64": 0, "aarch64": 1}


def run(program: bytes, nr: int, arch: int, arg0: int = 0) -> int:
    """The kernel's reading of the filter, for the five instructions that it uses."""
    data = struct.pack("<IIQ6Q", nr, arch, 0, arg0, 0, 0, 0, 0, 0)
    code = list(struct.iter_unpack("<HBBI", program))
    at, accumulator = 0, 0
    while True:
        op, true, false, k = code[at]
        at += 1
        if op == seccomp.LOAD:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif op == seccomp.RETURN:
            return k
        else:
            holds = {seccomp.JUMP_EQ: accumulator == k, seccomp.JUMP_GE: accumulator >= k}.get(op, accumulator & k != 0)
            at += true if holds else false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
class TestFilter:
    def check(self, machine, nr, arg0=0):
        return run(seccomp.assemble(machine), nr, seccomp.ARCHITECTURES[machine][1], arg0)

    def test_every_denied_call_is_denied(self, machine):
        for numbers in seccomp.DENIED.values():
            nr = numbers[NUMBERS[machine]]
            if nr is not None:
                assert self.check(machine, nr) == seccomp.EPERM

    def test_only_unix_sockets_can_be_made(self, machine):
        nr = seccomp.SOCKET[NUMBERS[machine]]
        assert self.check(machine, nr, 1) == seccomp.ALLOW
        for family in (0, 2, 10, 16, 17, 38, 40):
            assert self.check(machine, nr, family) == seccomp.EPERM

    def test_threads_start_and_namespaces_do_not(self, machine):
        nr = seccomp.CLONE[NUMBERS[machine]]
        assert self.check(machine, nr, 0x003D0F00) == seccomp.ALLOW
        assert self.check(machine, nr, 0x10000000 | 17) == seccomp.EPERM
        assert self.check(machine, nr, 0x40000000) == seccomp.EPERM
        assert self.check(machine, seccomp.CLONE3[NUMBERS[machine]]) == seccomp.ENOSYS

    def test_ordinary_calls_pass(self, machine):
        denied = {n[NUMBERS[machine]] for n in seccomp.DENIED.values()}
        special = {n[NUMBERS[machine]] for n in (seccomp.CLONE, seccomp.CLONE3, seccomp.SOCKET)}
        for nr in set(range(300)) - denied - special:
            assert self.check(machine, nr) == seccomp.ALLOW

    def test_another_architecture_is_killed(self, machine):
        assert run(seccomp.assemble(machine), 0, 0x40000003) == seccomp.KILL


def test_x32_calls_are_denied():
    assert run(seccomp.assemble("x86_64"), 0x40000000 + 1, 0xC000003E) == seccomp.EPERM


def test_an_unknown_machine_is_refused():
    with pytest.raises(ValueError, match="no seccomp filter for riscv64"):
        seccomp.assemble("riscv64")
