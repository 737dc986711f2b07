"""Version 2 against a plain directory that answers as the kernel does; version 1 is tried for real in test_sandbox."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest
from judge.sandbox import cgroup
from judge.sandbox.memory_watch import MemoryWatch, resident_bytes

NAME = f"quasar-{os.getpid()}-1"


class FakeKernel:
    """Replaces the module's thin edges: directories get their files, and a group with processes delegates nothing."""

    def __init__(
        self,
        root: Path,
        own: str,
        delegating: set[str],
        writable: set[str] | None = None,
    ):
        self.root, self.own = root, root / own.lstrip("/")
        self.on = {root / path.lstrip("/") for path in delegating}
        self.writable = None if writable is None else {root / path.lstrip("/") for path in writable}
        self.members = {self.own: {"100", "101"}}
        self.own.mkdir(parents=True)
        (root / "cgroup.controllers").touch()

    def make(self, directory: Path) -> bool:
        if self.writable is not None and directory.parent not in self.writable:
            return False
        directory.mkdir()
        return True

    def write(self, file: Path, text: str) -> bool:
        directory = file.parent
        if file.name == "cgroup.subtree_control":
            if directory not in self.on and self.members.get(directory):
                return False
            if self.writable is None or directory in self.writable:
                self.on.add(directory)
            return directory in self.on
        if file.name == "cgroup.procs":
            for members in self.members.values():
                members.discard(text)
            self.members.setdefault(directory, set()).add(text)
            return True
        if directory.parent not in self.on:
            return False
        file.write_text(text)
        return True

    def lines(self, file: Path) -> list[str]:
        if file == Path("/proc/self/cgroup"):
            return [f"0::/{self.own.relative_to(self.root)}"]
        return sorted(self.members.get(file.parent, ())) if file.name == "cgroup.procs" else []


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    def install(*arguments, **more) -> FakeKernel:
        fake = FakeKernel(tmp_path, *arguments, **more)
        monkeypatch.setattr(cgroup, "_make", fake.make)
        monkeypatch.setattr(cgroup, "_write", fake.write)
        monkeypatch.setattr(cgroup, "_lines", fake.lines)
        return fake

    return install


def test_root_on_a_host_makes_the_group_beside_its_own(kernel, tmp_path):
    kernel("/system.slice/runner.service", {"/", "/system.slice"})
    group = cgroup.create(NAME, 40, 1 << 30, tmp_path)
    directory = tmp_path / "system.slice" / NAME
    assert group.directories == [directory] and group.pids and group.memory
    assert (directory / "memory.max").read_text() == str(1 << 30)
    assert (directory / "pids.max").read_text() == "40"
    assert not (tmp_path / "system.slice/runner.service" / NAME).exists()


def test_in_a_delegated_group_its_processes_move_down_one_level(kernel, tmp_path):
    fake = kernel(
        "/runner.service",
        {"/"},
        writable={"/runner.service", "/runner.service/quasar-rest"},
    )
    group = cgroup.create(NAME, 40, 1 << 30, tmp_path)
    own = tmp_path / "runner.service"
    assert group.directories == [own / NAME] and group.memory
    assert fake.members == {own: set(), own / cgroup.REST: {"100", "101"}}


def test_where_nothing_may_be_made_there_is_no_limit_and_nothing_left(kernel, tmp_path):
    kernel("/docker", set(), writable=set())
    group = cgroup.create(NAME, 40, 1 << 30, tmp_path)
    assert group.procs == [] and not group.memory and not group.pids
    assert list((tmp_path / "docker").iterdir()) == []


def test_empty_groups_of_ended_judges_are_removed(tmp_path):
    gone, ours = tmp_path / "quasar-4194304-1", tmp_path / NAME
    gone.mkdir()
    ours.mkdir()
    (tmp_path / "quasar-rest").mkdir()
    cgroup._sweep(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([NAME, "quasar-rest"])


class TestWatch:
    def look(self, sizes: dict[int, int], limit: int = 100):
        killed = []
        watch = MemoryWatch(
            lambda: list(sizes),
            limit,
            sizes.__getitem__,
            lambda pid, signal: killed.append(pid),
        )
        return watch.look(), watch.exceeded, killed

    def test_all_processes_count_together_and_the_first_ends_the_box(self):
        assert self.look({5: 60, 6: 41}) == (True, True, [5])

    def test_at_the_limit_nothing_happens(self):
        assert self.look({5: 60, 6: 40}) == (False, False, [])

    def test_a_box_that_has_ended_is_left_alone(self):
        assert self.look({}) == (False, False, [])

    def test_what_a_process_holds_is_read_from_the_kernel(self):
        before = resident_bytes(os.getpid())
        # Not from the heap, which may have kept as much that was freed.
        block = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        block.write(b"\1" * len(block))
        assert resident_bytes(os.getpid()) - before > 60 << 20
        assert len(block) and resident_bytes(1 << 22) == 0
