"""Composition of annotated synthetic recordings: rhythm, timing, subject, signal, noise."""
