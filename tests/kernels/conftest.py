"""The judge's modules on the path, and the ways in which a test may skip."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "kernels"))


def need(present: bool, what: str) -> None:
    """Skips with the reason, or fails where REQUIRE_ALL=1 says that nothing may be skipped."""
    if present:
        return
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL=1, and this test needs {what}")
    pytest.skip(f"needs {what}")


def need_from_the_internet(present: bool, what: str) -> None:
    """Skips with the reason, also with REQUIRE_ALL=1: no installation brings it. tests/run.ts knows it by its end."""
    if not present:
        pytest.skip(f"needs {what} (from the internet)")


# Files whose tests take longest, in that order. Two run at a time: one that began last would run alone.
LONG = (
    "test_corpus",
    "test_miniature",
    "test_package",
    "test_honest_kernels",
    "test_verify",
    "test_real_upstream",
    "test_doctor",
)


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONG)))


@pytest.fixture
def sandbox_tools():
    need(shutil.which("bwrap") is not None, "bubblewrap: apt-get install -y bubblewrap")
