"""Imported once by the server that the cases' processes are forked from: what each would load and compute anew."""

from __future__ import annotations

from judge import host

with host.loading():
    # Modules that an evaluation loads where it first needs them.
    import numpy.ma  # noqa: F401

    import judge.evaluation
    import judge.slots.memfd  # noqa: F401
    from quasar import inputs, reference  # noqa: F401
    from quasar.draws import normal_values

    normal_values()
