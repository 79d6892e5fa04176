"""Figures and tables of the README and the documentation."""
