"""More than one process can make: sharded sets, on this machine or on a cluster."""
