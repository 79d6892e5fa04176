"""Out again: windows and recordings in the formats that others read."""
