"""Training: data feeding, objectives, the training loop, checkpoints, distributed processes."""
