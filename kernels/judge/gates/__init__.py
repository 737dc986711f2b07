"""The correctness gates: what an answer has to pass, the logits among them."""
