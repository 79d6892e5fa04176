"""Large sets of windows in shards, written by several processes or a Ray cluster."""
