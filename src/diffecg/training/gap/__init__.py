"""Training of gap models: examples from recording sets, the energy score, objective and validation."""
