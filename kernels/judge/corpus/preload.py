"""Imported once by the server that the cases' processes are forked from: what each would load and compute anew."""

from __future__ import annotations

import judge.evaluation  # noqa: F401
from quasar.draws import normal_values

normal_values()
