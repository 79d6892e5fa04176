"""The command line: one command a verb, over the same functions that Python users call."""
