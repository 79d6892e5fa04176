"""Generators of other designs, trained on the same beats: for comparison, not for use."""
