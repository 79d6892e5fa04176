"""Plots of ECG signals and of evaluations."""
