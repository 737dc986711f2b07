"""`calibrate`: the numbers of a task.json, measured with the pinned upstream."""
