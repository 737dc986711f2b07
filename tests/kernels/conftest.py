"""Packages under kernels/ know each other as `judge`, `worker` and `quasar`, as they do on a runner."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "kernels"))
