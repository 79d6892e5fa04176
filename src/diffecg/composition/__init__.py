"""Composed recordings: rhythms, beat times, synthetic subjects, noise, export."""
