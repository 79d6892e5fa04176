"""Studies that anyone can repeat: cells of a grid, computed once each, then tables and pictures."""
