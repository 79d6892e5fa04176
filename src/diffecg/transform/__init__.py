"""From windows in millivolts to the grid that the network sees, and back.

``stft`` and ``layouts`` give the time-frequency representation, ``transform`` standardises it, ``conditions``
encodes what a sample is conditioned on, ``analogues`` finds similar segments of the same recording,
``normalisation`` estimates level and scale of a recording.
"""
