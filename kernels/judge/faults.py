"""Why an evaluation ends before all of its gates have been looked at."""

from __future__ import annotations


class Fault(Exception):
    """One of the reasons of the contracts, with a detail for people. Everything else that is raised is `infra`."""

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Refused(Exception):
    """The judge cannot work on this host as asked; the message says what to do next."""
