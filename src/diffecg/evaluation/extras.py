"""What the report needs beyond the package's own dependencies."""

from __future__ import annotations

INSTALL = "pip install 'diffecg[eval]'"


def needs_extra(what: str) -> str:
    """Return the sentence for a section whose libraries are not installed."""
    return f"{what} needs further libraries; install them with: {INSTALL}"
