"""WFDB annotation files, decoded as in https://physionet.org/physiotools/wag/annot-5.htm."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from wfdb.io.annotation import ann_label_table

from diffecg.choices import choices
from diffecg.errors import DiffecgError, one_line
from diffecg.formats.annotations import BEAT_SYMBOLS, NOTE, Annotation, Beats
from diffecg.formats.wfdb_header import read_header

DEFAULT_ANNOTATOR = "atr"
"""Annotator of reference annotations."""

_DAMAGE = (ValueError, IndexError, OSError, ArithmeticError)
"""What decoding raises for files that are damaged or hold no annotations."""

_RESOLUTIONS_HZ = (1e-3, 1e9)
"""Plausible time resolutions of annotation files."""

_MAX_BYTES = 1 << 26
"""Larger files are no annotations."""

_NOTE, _SKIP, _AUX = 22, 59, 63
"""Codes of a comment, of a step beyond ten bits, and of the text of the previous annotation."""

_USER_DEFINED = range(42, 50)
"""Codes without a fixed meaning; those that the file does not define are read as comments."""

DEFINITION = "## "
"""Precedes notes at the start that say something of the whole file."""

_RESOLUTION = "## time resolution:"
"""Precedes the rate of an annotation file whose samples are not those of the record."""

_OTHER_FILES = {
    "hea",
    "dat",
    "txt",
    "csv",
    "edf",
    "bdf",
    "mat",
    "npz",
    "npy",
    "parquet",
    "flac",
    "json",
    "xml",
    "zip",
}
"""Suffixes of files that are no annotations."""

SYMBOLS = dict(zip(ann_label_table["label_store"], ann_label_table["symbol"], strict=True))
"""Symbols by their code."""


@dataclass(frozen=True, kw_only=True)
class AnnotationFile:
    """An annotation file; calling it reads the annotations."""

    path: Path
    """The record, without suffix."""
    annotator: str
    """Suffix of the file."""
    frame_rate_hz: float
    """Rate of the record's frames, in Hz: the time resolution unless the file states one."""

    @property
    def file(self) -> Path:
        """The file."""
        return self.path.with_name(f"{self.path.name}.{self.annotator}")

    def __call__(self) -> tuple[Annotation, ...]:
        """Return the annotations.

        Raises:
            DiffecgError: the file is missing or damaged.
        """
        if not self.file.is_file():
            raise DiffecgError(f"recording {self.path} has no annotations: {self.file.name} is missing")
        # wfdb.rdann does not terminate for some notes at the start that begin with "## ".
        try:
            return _with_symbols(_decode(self.file.read_bytes()), self.frame_rate_hz)
        except _DAMAGE as error:
            reason = "unexpected end of file" if isinstance(error, IndexError) else one_line(error)
            raise DiffecgError(f"{self.file} cannot be read as WFDB annotations ({reason})") from error


def annotation_files(
    path: Path, frame_rate_hz: float, data_files: Collection[str] = ()
) -> tuple[AnnotationFile, ...]:
    """Return the annotation files of a record, the reference annotations first.

    Args:
        path: the record, without suffix.
        frame_rate_hz: frames per second.
        data_files: names of the files that hold its samples.
    """
    found = []
    for file in sorted(path.parent.glob(f"{_literal(path.name)}.*")):
        annotator = file.name[len(path.name) + 1 :]
        if file.name in data_files or annotator.lower() in _OTHER_FILES:
            continue
        if annotator.isalnum() and _is_annotation_file(file):
            found.append(AnnotationFile(path=path, annotator=annotator, frame_rate_hz=frame_rate_hz))
    return tuple(sorted(found, key=lambda one: (one.annotator != DEFAULT_ANNOTATOR, one.annotator)))


def choose_annotator(
    path: Path, files: Sequence[AnnotationFile], annotator: str | None
) -> tuple[AnnotationFile | None, str | None]:
    """Return the annotations of a record to use, and a note about those that are not used.

    Args:
        path: the record, without suffix.
        files: its annotation files.
        annotator: suffix of the file; None: ``atr``, else the only one there is.

    Raises:
        DiffecgError: the record has no annotations of this annotator.
    """
    names = {file.annotator: file for file in files}
    if annotator is not None:
        if annotator not in names:
            raise DiffecgError(
                f"recording {path} has no annotations {annotator!r}; {choices(annotator, names)}"
            )
        return names[annotator], None
    if DEFAULT_ANNOTATOR in names or not files:
        return names.get(DEFAULT_ANNOTATOR), None
    if len(files) == 1:
        return files[0], f"annotations are read from {files[0].file.name}, as there is no .atr file"
    listed = ", ".join(names)
    return (
        None,
        f"annotations are not read, as there are several and none is .atr; choose with --annotator: {listed}",
    )


def _literal(name: str) -> str:
    """Return a file name as a pattern that matches only itself."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _is_annotation_file(file: Path) -> bool:
    """Return whether a file can be decoded as annotations; ``.atr`` files always count, even damaged ones."""
    if file.suffix == f".{DEFAULT_ANNOTATOR}":
        return True
    try:
        if not 2 < file.stat().st_size < _MAX_BYTES:
            return False
        content = file.read_bytes()
        return content.endswith(b"\0\0") and bool(_with_symbols(_decode(content), 1.0))
    except _DAMAGE:
        return False


def read_beats(path: str | Path, extension: str = DEFAULT_ANNOTATOR, *, length: int | None = None) -> Beats:
    """Read the beat annotations of a WFDB record; their samples are frames of the record.

    Args:
        path: the record, without suffix.
        extension: suffix of the annotation file.
        length: number of frames of the record, to check the annotations against.

    Raises:
        DiffecgError: the file is missing or damaged, or annotates samples past the end.
    """
    path = Path(path)
    rate_hz = read_header(path).frame_rate_hz
    file = AnnotationFile(path=path, annotator=extension, frame_rate_hz=rate_hz)
    annotations = file()
    sample = np.array([annotation.sample(rate_hz) for annotation in annotations], dtype=np.int64)
    symbol = np.array([annotation.symbol for annotation in annotations], dtype=np.str_)
    # One sample past the end is where some annotators stop, as in svdb/860; more is another recording.
    if length is not None and sample.size and (sample.max() > length or sample.min() < 0):
        raise DiffecgError(
            f"{file.file} annotates sample {sample.max()}, but the recording has {length} samples; "
            "are the two files of the same recording?"
        )
    is_beat = np.isin(symbol, list(BEAT_SYMBOLS)) & (sample < (np.inf if length is None else length))
    return Beats(sample=sample[is_beat], symbol=symbol[is_beat])


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
            text = data[2 * index : 2 * index + (number & 255)].rstrip(b"\0")
            annotations[-1] = (*annotations[-1][:2], _decode_text(text))
            index += ((number & 255) + 1) // 2
        elif code < _SKIP:
            sample += number
            annotations.append((sample, code, ""))
    return annotations


def _decode_text(text: bytes) -> str:
    """Return a text in UTF-8, else in Latin-1."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _with_symbols(decoded: list[tuple[int, int, str]], rate_hz: float) -> tuple[Annotation, ...]:
    """Return annotations with symbols and times; notes at the start may define both."""
    symbols = dict(SYMBOLS)
    annotations, in_definitions = [], False
    for sample, code, text in decoded:
        is_header = sample == 0 and code == _NOTE
        if is_header and text.startswith(DEFINITION):
            in_definitions = text == "## annotation type definitions"
            if text.startswith(_RESOLUTION):
                rate_hz = _resolution(text)
        elif is_header and in_definitions:
            number, symbol = text.split(maxsplit=2)[:2]
            symbols[int(number)] = symbol
        elif code in _USER_DEFINED and code not in symbols:
            annotations.append(Annotation(time_s=sample / rate_hz, symbol=NOTE, text=text))
        elif code not in symbols:
            raise ValueError(f"unknown code {code} at sample {sample}")
        elif code:
            annotations.append(Annotation(time_s=sample / rate_hz, symbol=symbols[code], text=text))
    return tuple(annotations)


def _resolution(text: str) -> float:
    """Return the time resolution that a note states, in Hz.

    Raises:
        ValueError: it is not a plausible number.
    """
    rate_hz = float(Fraction(text.removeprefix(_RESOLUTION).strip()))
    if not _RESOLUTIONS_HZ[0] <= rate_hz <= _RESOLUTIONS_HZ[1]:
        raise ValueError(f"a time resolution of {rate_hz:g} Hz")
    return rate_hz
