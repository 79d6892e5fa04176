"""Labelled windows: cutting recordings, splitting them by subject, reading and writing windows."""
