"""Tables: text in many layouts, Parquet and DataFrames, one column for each channel."""
