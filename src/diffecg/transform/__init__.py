"""From windows in millivolts to the grid that the network sees, and back.

``stft`` and ``layouts`` give the time-frequency representation, ``transform`` standardises it, ``conditions``
encodes what is observed, ``gap_window`` cuts the surroundings of a gap and of its candidates.
"""
