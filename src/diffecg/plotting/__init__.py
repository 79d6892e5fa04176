"""Pictures on ECG paper."""
