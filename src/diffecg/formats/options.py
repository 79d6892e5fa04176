"""Options of reading a recording."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What the user states about a file; it overrides the file."""

    fs_hz: float | None = None
    """Sampling rate, in Hz; None: that of the file."""
    annotator: str | None = None
    """Suffix of the WFDB annotation file, such as ``qrs``; None: ``atr``, else the only one there is."""
    verify: bool = True
    """Whether samples must match the checksums of the header."""
