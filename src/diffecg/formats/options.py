"""Options of reading a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What the user states about a file; it overrides the file."""

    fs_hz: float | None = None
    """Sampling rate, in Hz; None: that of the file."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Units of channels by name; that of the key ``""`` is for all that may be an ECG."""
    annotator: str | None = None
    """Suffix of the WFDB annotation file, such as ``qrs``; None: ``atr``, else the only one there is."""
    verify: bool = True
    """Whether samples must match the checksums of the header."""
