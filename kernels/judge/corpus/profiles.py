"""The task that a case is judged by: made small, or whole as miners meet it."""

from __future__ import annotations

from judge.corpus.small_task import TASKS, small_task, with_limits
from judge.task import Task, load_task


def full_task(device: str = "cpu", **limits) -> Task:
    """The device's task with its own lengths, gates, rounds and target lengths; `limits` replace the worker's."""
    return with_limits(load_task(TASKS[device]), **limits)


PROFILES = {"short": small_task, "full": full_task}
