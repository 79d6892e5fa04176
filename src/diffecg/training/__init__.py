"""Training: tasks drawn for every sample, the loop, averaged weights, checkpoints."""
