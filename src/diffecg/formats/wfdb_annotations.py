"""WFDB annotation files, decoded as in https://physionet.org/physiotools/wag/annot-5.htm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wfdb
from wfdb.io.annotation import ann_label_table

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.annotations import BEAT_SYMBOLS, Annotation, Beats

_NOTE, _SKIP, _AUX = 22, 59, 63
"""Codes of a comment, of a step beyond ten bits, and of the text of the previous annotation."""

_USER_DEFINED = range(42, 50)
"""Codes without a fixed meaning; those that the file does not define are read as comments."""


def read_beats(path: str | Path, extension: str = "atr", *, length: int | None = None) -> Beats:
    """Read the beat annotations of a WFDB record.

    Args:
        path: the record, without suffix.
        extension: suffix of the annotation file.
        length: number of samples of the record, to check the annotations against.

    Raises:
        DiffecgError: the file is missing or damaged, or annotates samples past the end.
    """
    path = Path(path)
    file = path.with_name(f"{path.name}.{extension}")
    if not file.is_file():
        raise DiffecgError(f"recording {path} has no annotations: {file.name} is missing")
    annotations = _read_annotation_file(path, extension)
    sample = np.array([annotation.sample for annotation in annotations], dtype=np.int64)
    symbol = np.array([annotation.symbol for annotation in annotations], dtype=np.str_)
    # One sample past the end is where some annotators stop, as in svdb/860; more is another recording.
    if length is not None and sample.size and (sample.max() > length or sample.min() < 0):
        raise DiffecgError(
            f"{file} annotates sample {sample.max()}, but the recording has {length} samples; "
            "are the two files of the same recording?"
        )
    is_beat = np.isin(symbol, list(BEAT_SYMBOLS)) & (sample < (np.inf if length is None else length))
    return Beats(sample=sample[is_beat], symbol=symbol[is_beat])


def read_annotations(path: Path) -> tuple[Annotation, ...]:
    """Read the ``.atr`` file of a WFDB record; a record without one has no annotations.

    Raises:
        DiffecgError: the file is damaged.
    """
    if not path.with_name(f"{path.name}.atr").is_file():
        return ()
    return tuple(_read_annotation_file(path, "atr"))


def _read_annotation_file(path: Path, extension: str) -> list[Annotation]:
    # wfdb.rdann does not terminate for some notes at the start that begin with "## ".
    try:
        return _with_symbols(_decode(path.with_name(f"{path.name}.{extension}").read_bytes()))
    except (ValueError, IndexError, OSError) as error:
        reason = "unexpected end of file" if isinstance(error, IndexError) else one_line(error)
        raise DiffecgError(f"{path}.{extension} cannot be read as WFDB annotations ({reason})") from error


def _decode(data: bytes) -> list[tuple[int, int, str]]:
    """Return sample, code and text of each annotation; words hold a code of six bits and ten more bits."""
    words = np.frombuffer(data, "<u2").tolist()
    annotations: list[tuple[int, int, str]] = []
    index, sample = 0, 0
    while words[index] != 0:  # end of the file; IndexError without it
        code, number = words[index] >> 10, words[index] & 1023
        index += 1
        if code == _SKIP:
            sample += (words[index] << 16 | words[index + 1]) - (words[index] >> 15 << 32)
            index += 2
        elif code == _AUX:
            text = data[2 * index : 2 * index + (number & 255)].decode("latin-1")
            annotations[-1] = (*annotations[-1][:2], text.rstrip("\0"))
            index += ((number & 255) + 1) // 2
        elif code < _SKIP:
            sample += number
            annotations.append((sample, code, ""))
    return annotations


def _with_symbols(decoded: list[tuple[int, int, str]]) -> list[Annotation]:
    """Return annotations with symbols; notes at the start may define symbols or state the time resolution."""
    symbols = dict(zip(ann_label_table["label_store"], ann_label_table["symbol"], strict=True))
    annotations, in_definitions = [], False
    for sample, code, text in decoded:
        is_header = sample == 0 and code == _NOTE
        if is_header and text.startswith("## "):
            in_definitions = text == "## annotation type definitions"
        elif is_header and in_definitions:
            number, symbol = text.split(maxsplit=2)[:2]
            symbols[int(number)] = symbol
        elif code in _USER_DEFINED and code not in symbols:
            annotations.append(Annotation(sample=sample, symbol='"', text=text))
        elif code not in symbols:
            raise ValueError(f"unknown code {code} at sample {sample}")
        elif code:
            annotations.append(Annotation(sample=sample, symbol=symbols[code], text=text))
    return annotations


def write_annotations(path: Path, annotations: Sequence[Annotation], fs_hz: float) -> None:
    """Write the ``.atr`` file of the record at ``path``; symbols unknown to WFDB are written as comments."""
    known = set(ann_label_table["symbol"])
    symbols = [a.symbol if a.symbol in known else '"' for a in annotations]
    texts = [a.text if a.symbol in known else f"{a.symbol} {a.text}".strip() for a in annotations]
    wfdb.wrann(
        path.name,
        "atr",
        np.array([a.sample for a in annotations], dtype=np.int64),
        symbols,
        aux_note=texts if any(texts) else None,
        fs=fs_hz,
        write_dir=str(path.parent),
    )
