"""RecordingFolder and the file formats that hold them, one module a format with its reader and writer."""
