"""The package that pip makes of kernels/ has everything that a judge needs, and judges from where it is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile

import jsonschema
import pytest
from conftest import REPOSITORY, need
from judged import SCHEMA, UPSTREAM
from test_cli import claim

KERNELS = REPOSITORY / "kernels"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """-> function that runs Python where only the installed package can be found."""
    need(importlib.util.find_spec("pip") is not None, "pip")
    need(importlib.util.find_spec("setuptools") is not None, "setuptools: pip install setuptools")
    place = tmp_path_factory.mktemp("package")
    place.chmod(0o755)
    # A copy: a build leaves folders beside its sources.
    shutil.copytree(KERNELS, place / "kernels", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run(
        [*pip, "-w", str(place), str(place / "kernels")], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    shutil.rmtree(place / "kernels")

    def run(*arguments):
        own = {"env": {**os.environ, "PYTHONPATH": str(place / "site")}, "cwd": place, "check": False}
        return subprocess.run([sys.executable, "-B", *arguments], **own, capture_output=True, text=True, timeout=120)

    run.site = place / "site"
    return run


def test_every_module_task_and_schema_is_in_it(installed):
    for file in KERNELS.rglob("*"):
        if file.suffix in (".py", ".json"):
            assert (installed.site / file.relative_to(KERNELS)).read_bytes() == file.read_bytes()
    script = next(installed.site.glob("*.dist-info/entry_points.txt")).read_text()
    assert "quasar-judge = judge.cli:main" in script


def test_it_knows_its_commands_without_the_checkout(installed):
    done = installed("-c", "import judge; print(judge.__file__)")
    assert done.stdout.startswith(str(installed.site))
    done = installed("-m", "judge", "--help")
    assert done.returncode == 0
    assert {"evaluate", "bench", "verify", "calibrate"} <= set(done.stdout.replace(",", " ").replace("{", " ").split())


@pytest.mark.usefixtures("sandbox_tools")
def test_it_judges_a_claim_and_verifies_the_result(installed, tmp_path):
    (tmp_path / "claim.json").write_text(json.dumps(claim(lengths=[512], targetLength=512)))
    out = tmp_path / "result.json"
    arguments = ("--claim", str(tmp_path / "claim.json"), "--upstream", str(UPSTREAM), "--out", str(out))
    done = installed("-m", "judge", "evaluate", *arguments)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    jsonschema.validate(result, SCHEMA)
    assert [m["length"] for m in result["measurements"]] == [512]
    done = installed("-m", "judge", "verify", str(out))
    assert done.returncode == 0 and done.stdout.splitlines()[-1].startswith("the record holds; not run"), done.stdout
