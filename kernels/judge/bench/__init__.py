"""`bench`: the judge on one's own checkout, and what else an author can have done with it."""
