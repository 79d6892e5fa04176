"""The rhythm of a window: sample of the R peak and label of each beat."""

from __future__ import annotations

from collections.abc import Sequence

from diffecg.errors import DiffecgError

WindowBeats = Sequence[tuple[int, str]]
"""Beats of a window: (sample of the R peak within the window, label)."""


def format_beats(beats: WindowBeats) -> str:
    """Return beats as text: ``12:N 95:V``."""
    return " ".join(f"{sample}:{label}" for sample, label in beats)


def parse_beats(text: str) -> list[tuple[int, str]]:
    """Return the beats of a text of the form ``12:N 95:V``.

    Raises:
        DiffecgError: the text has another form.
    """
    try:
        pairs = (beat.split(":") for beat in text.split())
        return [(int(sample), label) for sample, label in pairs]
    except ValueError as error:
        raise DiffecgError(f"beats {text!r} are not of the form 12:N 95:V ({error})") from None
