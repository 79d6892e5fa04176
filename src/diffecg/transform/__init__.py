"""Windows to the network's input, and back."""
