"""Studies: grids of cells, each computed once, then tables and figures."""
