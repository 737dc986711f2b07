"""The figures: what is timed and in which order, what it is reduced to, and when times cannot be true."""
