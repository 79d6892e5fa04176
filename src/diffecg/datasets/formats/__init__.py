"""File formats of windows: npz, csv, parquet, and folders of WFDB records."""
