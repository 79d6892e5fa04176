"""Evaluation of generated windows: fidelity, physiology, privacy, utility."""
