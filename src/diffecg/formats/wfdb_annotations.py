"""WFDB annotation files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wfdb
from wfdb.io.annotation import ann_label_table

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.recording import BEAT_SYMBOLS, Annotation, Beats

_COMMENT, _SKIP, _NOTE = 22, 59, 63
"""Codes of annotation files: a comment; a long step; the text of the annotation before it."""


_USERS = range(42, 50)
"""Codes that everybody may give a meaning; one that nobody defined is taken for a note."""


def read_beats(path: str | Path, extension: str = "atr", *, length: int | None = None) -> Beats:
    """Return the beat annotations beside the WFDB recording at ``path``.

    Args:
        path: the recording, without suffix.
        extension: of the annotation file.
        length: samples in the recording, to check the annotations against.

    Raises:
        DiffecgError: the file is missing or unreadable, or annotates samples past the end.
    """
    path = Path(path)
    file = path.with_name(f"{path.name}.{extension}")
    if not file.is_file():
        raise DiffecgError(f"recording {path} has no annotations: {file.name} is missing")
    found = _read_annotation(path, extension)
    sample = np.array([note.sample for note in found], dtype=np.int64)
    symbol = np.array([note.symbol for note in found], dtype=np.str_)
    # One past the end is where the annotator's clock stops, as in svdb/860; more is another recording.
    if length is not None and sample.size and (sample.max() > length or sample.min() < 0):
        raise DiffecgError(
            f"{file} annotates sample {sample.max()}, but the recording has {length} samples; "
            "are the two files of the same recording?"
        )
    is_beat = np.isin(symbol, list(BEAT_SYMBOLS)) & (sample < (np.inf if length is None else length))
    return Beats(sample=sample[is_beat], symbol=symbol[is_beat])


def read_annotations(path: Path) -> tuple[Annotation, ...]:
    """Return what ``.atr`` says, nothing if there is none."""
    if not path.with_name(f"{path.name}.atr").is_file():
        return ()
    return tuple(_read_annotation(path, "atr"))


def _read_annotation(path: Path, extension: str) -> list[Annotation]:
    # wfdb.rdann never comes back from some notes at the start that begin with "## ".
    try:
        return _named(_decoded(path.with_name(f"{path.name}.{extension}").read_bytes()))
    except (ValueError, IndexError, OSError) as error:
        reason = "it breaks off" if isinstance(error, IndexError) else one_line(error)
        raise DiffecgError(f"{path}.{extension} cannot be read as WFDB annotations ({reason})") from error


def _decoded(data: bytes) -> list[tuple[int, int, str]]:
    """Return sample, code and note of each annotation in PhysioNet's format: words of six and ten bits."""
    words = np.frombuffer(data, "<u2").tolist()
    found: list[tuple[int, int, str]] = []
    place, sample = 0, 0
    while words[place] != 0:  # marks the end; without it, the list's
        code, number = words[place] >> 10, words[place] & 1023
        place += 1
        if code == _SKIP:
            sample += (words[place] << 16 | words[place + 1]) - (words[place] >> 15 << 32)
            place += 2
        elif code == _NOTE:
            text = data[2 * place : 2 * place + (number & 255)].decode("latin-1")
            found[-1] = (*found[-1][:2], text.rstrip("\0"))
            place += ((number & 255) + 1) // 2
        elif code < _SKIP:
            sample += number
            found.append((sample, code, ""))
    return found


def _named(found: list[tuple[int, int, str]]) -> list[Annotation]:
    """Return annotations by symbol, without the notes at the start that define symbols or tell the rate."""
    symbols = dict(zip(ann_label_table["label_store"], ann_label_table["symbol"], strict=True))
    named, defines = [], False
    for sample, code, text in found:
        comment = sample == 0 and code == _COMMENT
        if comment and text.startswith("## "):
            defines = text == "## annotation type definitions"
        elif comment and defines:
            number, symbol = text.split(maxsplit=2)[:2]
            symbols[int(number)] = symbol
        elif code in _USERS and code not in symbols:
            named.append(Annotation(sample=sample, symbol='"', text=text))
        elif code not in symbols:
            raise ValueError(f"unknown code {code} at sample {sample}")
        elif code:
            named.append(Annotation(sample=sample, symbol=symbols[code], text=text))
    return named


def write_annotations(path: Path, notes: Sequence[Annotation], fs_hz: float) -> None:
    """Write the annotations of the recording at ``path`` as its ``.atr``; symbols of our own become notes."""
    known = set(wfdb.io.annotation.ann_label_table["symbol"])
    symbols = [note.symbol if note.symbol in known else '"' for note in notes]
    texts = [note.text if note.symbol in known else f"{note.symbol} {note.text}".strip() for note in notes]
    wfdb.wrann(
        path.name,
        "atr",
        np.array([note.sample for note in notes], dtype=np.int64),
        symbols,
        aux_note=texts if any(texts) else None,
        fs=fs_hz,
        write_dir=str(path.parent),
    )
