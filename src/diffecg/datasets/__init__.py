"""RecordingFolder to windows: reading, labelling, splitting, storing."""
