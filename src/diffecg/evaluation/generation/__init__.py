"""Evaluation of generated windows: fidelity, physiology, privacy and utility."""
