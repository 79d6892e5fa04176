"""Writing of WFDB annotation files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wfdb

from diffecg.formats.annotations import NOTE, Annotation
from diffecg.formats.naming import to_ascii
from diffecg.formats.wfdb_annotations import DEFINITION, SYMBOLS

MAX_TEXT = 254
"""Longest text of an annotation, in bytes."""


def annotation_losses(annotations: Sequence[Annotation], rate_hz: float) -> list[str]:
    """Return what an annotation file cannot hold whose time resolution is a rate, in Hz."""
    moved = sum(abs(a.sample(rate_hz) / rate_hz - a.time_s) > 1e-6 for a in annotations)
    durations = sum(a.duration_s > 0 for a in annotations)
    outside = sum(a.sample(rate_hz) < 0 for a in annotations)
    texts = sum(_text(a, rate_hz) != _untrimmed(a) for a in annotations)
    unknown = {a.symbol: None for a in annotations if a.symbol not in SYMBOLS.values()}
    losses = {
        f"annotations with symbols unknown to WFDB ({' '.join(unknown)}) are written as notes": len(unknown),
        f"{moved} annotation times are rounded to samples": moved,
        f"{durations} durations of annotations are not kept": durations,
        f"{outside} annotations before the first sample are not kept": outside,
        f"{texts} texts of annotations are changed: control characters, {MAX_TEXT} characters at most": texts,
    }
    return [loss for loss, count in losses.items() if count]


def write_annotations(path: Path, annotations: Sequence[Annotation], rate_hz: float, annotator: str) -> None:
    """Write an annotation file; symbols unknown to WFDB are written as notes.

    Args:
        path: the record, without suffix.
        annotations: the annotations, in any order.
        rate_hz: time resolution of the file, which states it, in Hz.
        annotator: suffix of the file.
    """
    kept = sorted((a for a in annotations if a.sample(rate_hz) >= 0), key=lambda a: a.sample(rate_hz))
    if not kept:
        return
    texts = [_text(a, rate_hz) for a in kept]
    wfdb.wrann(
        path.name,
        annotator,
        np.array([a.sample(rate_hz) for a in kept], dtype=np.int64),
        [a.symbol if a.symbol in SYMBOLS.values() else NOTE for a in kept],
        aux_note=texts if any(texts) else None,
        fs=rate_hz,
        write_dir=str(path.parent),
    )


def _untrimmed(annotation: Annotation) -> str:
    """Return the text of an annotation, with the symbol in front if WFDB does not know it."""
    known = annotation.symbol in SYMBOLS.values()
    return annotation.text if known else f"{annotation.symbol} {annotation.text}".strip()


def _text(annotation: Annotation, rate_hz: float) -> str:
    """Return the text that is written: in Latin-1, else in ASCII; none looks like a definition."""
    text = "".join(char if char.isprintable() else " " for char in _untrimmed(annotation))
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        text = to_ascii(text)
    if text.startswith(DEFINITION) and annotation.sample(rate_hz) == 0:
        text = text[1:]
    return text[:MAX_TEXT]
