"""Which beat comes when: a small language, real timing, heart-rate variability. No signal yet."""
