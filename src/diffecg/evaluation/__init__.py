"""Evaluation of generated windows and of imputation, and the benchmark of speed."""
