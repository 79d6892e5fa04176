"""Recordings to windows: reading, labelling, splitting, storing."""
