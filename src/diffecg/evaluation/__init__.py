"""How far synthetic ECG is from real ECG."""
