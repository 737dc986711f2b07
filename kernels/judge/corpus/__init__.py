"""Tricks and honest controls, each with what must come out of it, judged as submissions are."""
