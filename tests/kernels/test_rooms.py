"""The rooms of the judge: who imports whom has one direction."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

import pytest
from conftest import REPOSITORY

KERNELS = REPOSITORY / "kernels"
FILES = sorted((KERNELS / "judge").rglob("*.py"))


def module_of(file):
    return ".".join(file.relative_to(KERNELS).with_suffix("").parts)


MODULES = {module_of(file) for file in FILES}


def imported(file):
    """Every module that the file names in an import, at its top or inside of a function."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = (f"{node.module}.{name.name}" for name in node.names)
            yield from (part if part in MODULES else node.module for part in parts)


def place_of(module):
    """`judge.<room>`; the module itself where it is in no room, or starts one from the command line."""
    return module if module.count(".") < 2 or module.endswith(".__main__") else module.rpartition(".")[0]


ROOMS = {place_of(module) for module in MODULES if module.count(".") > 1}


def test_they_import_each_other_in_one_direction():
    below: dict[str, set[str]] = {}
    for file in FILES:
        here = place_of(module_of(file))
        there = {place_of(module) for module in imported(file) if module in MODULES}
        below.setdefault(here, set()).update(there - {here})
    order = list(TopologicalSorter(below).static_order())  # raises CycleError, naming who imports each other
    assert set(order) >= ROOMS and order.index("judge.sandbox") < order.index("judge.evaluation")


@pytest.mark.parametrize("file", sorted((KERNELS / "judge").rglob("__init__.py")), ids=lambda file: file.parent.name)
def test_a_room_says_what_it_is_and_hands_on_nothing(file):
    body = ast.parse(file.read_text("utf-8"))
    assert ast.get_docstring(body)
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(body))
