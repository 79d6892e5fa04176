"""Read and write windows as NumPy, CSV and Parquet files, and as folders of WFDB records."""
