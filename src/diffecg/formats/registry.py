"""Read and write recordings; the suffix of the path selects the format.

A format is an entry of :data:`FORMATS` and a module with ``read(path, options)``; one that can be written has
a module with ``write(path, recording)`` and ``losses(recording, suffix)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.calibration import calibrate, calibration
from diffecg.formats.naming import file_stem
from diffecg.formats.options import ReadOptions
from diffecg.formats.recognition import check_readable, suffix_by_content
from diffecg.formats.recording import Recording
from diffecg.formats.tables.text_files import COMPRESSIONS, TEXT_TABLES
from diffecg.signal.channels import find_row, state_units
from diffecg.signal.resampling import check_rate
from diffecg.signal.units import MV_PER_UNIT, is_known_unit, normalise_unit


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format of recordings."""

    name: str
    """Value of ``--format``."""
    reader: str
    """Module with ``read``, imported on first use."""
    writer: str | None = None
    """Module with ``write`` and ``losses``; None: the format is only read."""
    suffixes: tuple[str, ...]
    """Suffixes that are read; the first one is written."""
    kept: tuple[str, ...] = ()
    """Other suffixes that are written, for recordings that were read from such a file."""

    def read(self, path: Path, options: ReadOptions) -> Recording:
        """Read a recording."""
        recording: Recording = import_module(self.reader).read(path, options)
        return recording


_TEXT_TABLES = tuple(
    table + compression
    for table in TEXT_TABLES
    for compression in ("", *COMPRESSIONS)
    if table + compression != ".csv"
)
FORMATS = (
    Format(
        name="wfdb",
        reader="diffecg.formats.wfdb",
        writer="diffecg.formats.wfdb_writer",
        suffixes=("", ".hea", ".dat", ".atr"),
    ),
    Format(name="edf", reader="diffecg.formats.edf", writer="diffecg.formats.edf_writer", suffixes=(".edf",)),
    Format(name="bdf", reader="diffecg.formats.edf", writer="diffecg.formats.edf_writer", suffixes=(".bdf",)),
    Format(
        name="csv",
        reader="diffecg.formats.table",
        writer="diffecg.formats.table",
        suffixes=(".csv", *_TEXT_TABLES),
        kept=_TEXT_TABLES,
    ),
    Format(
        name="parquet", reader="diffecg.formats.table", writer="diffecg.formats.table", suffixes=(".parquet",)
    ),
    Format(name="npz", reader="diffecg.formats.arrays", writer="diffecg.formats.arrays", suffixes=(".npz",)),
    Format(name="npy", reader="diffecg.formats.arrays", writer="diffecg.formats.arrays", suffixes=(".npy",)),
    Format(name="matlab", reader="diffecg.formats.matlab", suffixes=(".mat",)),
    Format(name="dicom", reader="diffecg.formats.ecgdatakit", suffixes=(".dcm", ".dicom")),
    Format(name="scp", reader="diffecg.formats.ecgdatakit", suffixes=(".scp",)),
    Format(name="xml", reader="diffecg.formats.ecgdatakit", suffixes=(".xml",)),
    Format(name="ishne", reader="diffecg.formats.ecgdatakit", suffixes=(".ecg",)),
    Format(name="mfer", reader="diffecg.formats.ecgdatakit", suffixes=(".mwf", ".mfer")),
    Format(name="kardia", reader="diffecg.formats.ecgdatakit", suffixes=(".json",)),
)
"""All formats."""

_READERS = {suffix: format for format in FORMATS for suffix in format.suffixes}
_WRITERS = {
    suffix: format.writer
    for format in FORMATS
    for suffix in (format.suffixes[0], *format.kept)
    if format.writer
}

SUFFIXES = tuple(format.suffixes[0] for format in FORMATS if format.writer)
"""Suffixes that can be written; the empty one is WFDB."""


def read_recording(
    path: str | Path,
    *,
    fs_hz: float | None = None,
    unit: str | dict[str, str] | None = None,
    leads: list[str] | tuple[str, ...] | None = None,
    start_s: float = 0.0,
    stop_s: float | None = None,
    annotator: str | None = None,
    verify: bool = True,
    gain: float | None = None,
    baseline: float | None = None,
) -> Recording:
    """Read a recording; the suffix of the path selects the format.

    - no suffix, ``.hea``, ``.dat``, ``.atr``: WFDB;
    - ``.edf``, ``.bdf``: EDF+ and BDF+;
    - ``.csv``, ``.tsv``, ``.txt``, compressed (``.csv.gz``) or not, ``.parquet``: one column for each
      channel, and a time column unless ``fs_hz`` is given;
    - ``.npz``, ``.npy``: arrays with axes (time), (channel, time) or (time, channel);
    - ``.mat``: MATLAB arrays, read through the header beside them if there is one;
    - ``.dcm``, ``.scp``, ``.xml``, ``.ecg``, ``.mwf``, ``.json``: DICOM, SCP-ECG, HL7 aECG, MUSE, Philips,
      Mortara, ISHNE, MFER and Kardia, with the extra ``formats``.

    Samples of WFDB, EDF and BDF files are read when they are needed.

    Example:
        >>> import diffecg, numpy as np, tempfile
        >>> recording = diffecg.as_recording(np.zeros((2, 1000)), 250)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = diffecg.write_recording(f"{folder}/ecg.csv", recording)
        ...     diffecg.read_recording(path, leads=["lead 2"], stop_s=2)
        <Recording ecg: lead 2 (mV); 2 s at 250 Hz>

    Args:
        path: the file.
        fs_hz: sampling rate, in Hz. It overrides the rate of CSV, Parquet and NumPy files, and is required
            where they do not contain one. WFDB, EDF and BDF files state their rate; it is ignored for them.
        unit: unit of all ECG channels and of those without a known kind, whatever the file states; or the
            units of some channels by name. None: the file's; mV where it states none.
        leads: channels to read, by name; None: all.
        start_s: start of the interval to read, in seconds from the first sample.
        stop_s: end of the interval, exclusive; None: the end of the recording.
        annotator: suffix of the WFDB annotation file, such as ``qrs``; None: ``atr``, else the only one there
            is.
        verify: whether the samples of a WFDB record must match its checksums and its length.
        gain: ADC units per mV of the ECG channels of a table or array of ADC units, in place of a unit. They
            are in mV then: (sample - baseline) / gain.
        baseline: ADC units of 0 mV; None: 0.

    Raises:
        DiffecgError: the file is missing, truncated, damaged or inconsistent; its sampling rate is unknown;
            an unknown unit or channel; a gain for a file that states its own, or beside a unit.
    """
    path = Path(path)
    units = _units(unit)
    given = calibration(gain, baseline, units.get(""))
    if given is not None:
        units[""] = "mV"
    if fs_hz is not None:
        check_rate(fs_hz)
    options = ReadOptions(fs_hz=fs_hz, units=units, annotator=annotator, verify=verify)
    recording = _format_of(path).read(path, options)
    if given is not None:
        recording = calibrate(recording, given, units)
    recording = _with_units(recording, units)
    if rows := recording.ecg_indices:
        check_rate(max(recording.source.rates_hz[row] for row in rows))
    if leads is not None:
        recording = recording.select([find_row(recording.channels, name, recording.name) for name in leads])
    if start_s or stop_s is not None:
        recording = recording.crop(start_s, recording.duration_s if stop_s is None else stop_s)
    return recording


def _format_of(path: Path) -> Format:
    """Return the format of a file by its suffix, else by its content; WFDB if neither tells.

    Raises:
        DiffecgError: the suffix is that of a format that cannot be read.
    """
    suffix = file_suffix(path)
    if suffix not in _READERS:
        suffix = suffix_by_content(path) or suffix
    if suffix not in _READERS:
        check_readable(path)
    return _READERS.get(suffix, _READERS[""])


def _units(unit: str | dict[str, str] | None) -> dict[str, str]:
    """Return units by channel; that of the key ``""`` is for all that may be an ECG.

    Raises:
        DiffecgError: a unit is not known, or that of all ECG channels is not a voltage.
    """
    units = {"": unit} if isinstance(unit, str) else unit or {}
    for name, text in units.items():
        if normalise_unit(text) not in MV_PER_UNIT and not (name and is_known_unit(text)):
            raise DiffecgError(
                f"unknown unit {text!r}; choose one of {', '.join(MV_PER_UNIT)}, or state another for one "
                "channel, such as ABP=mmHg; of ADC units, give --gain"
            )
    return {name: normalise_unit(text) for name, text in units.items()}


def _with_units(recording: Recording, units: dict[str, str]) -> Recording:
    """Return the recording with the units that the user states, and mV where none is stated."""
    channels, assumption = state_units(recording.channels, units.get(""))
    stated = list(channels)
    for name, unit in units.items():
        if name:
            row = find_row(channels, name, recording.name)
            stated[row] = replace(channels[row], unit=unit)
    assumptions = recording.assumptions if assumption is None else (*recording.assumptions, assumption)
    return replace(recording, channels=tuple(stated), assumptions=assumptions)


def write_recording(path: str | Path, recording: Recording) -> Path:
    """Write a recording and return its path; the suffix selects the format, no suffix is WFDB.

    Stored integers are written unchanged to WFDB, EDF and BDF, stored floats unchanged to tables and arrays.
    Otherwise samples are converted: integers to the channels' units, floats to integers of the finest
    resolution of the format (WFDB: 10 nV). Tables and arrays keep annotations in ``NAME_annotations.csv``.

    Example:
        >>> import diffecg, numpy as np, tempfile
        >>> recording = diffecg.as_recording(np.zeros((2, 1000)), 250)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     diffecg.write_recording(f"{folder}/ecg.edf", recording).name
        'ecg.edf'

    Args:
        path: path without suffix, or with ``.edf``, ``.bdf``, ``.csv``, ``.parquet``, ``.npz`` or ``.npy``.
        recording: the recording.

    Raises:
        DiffecgError: an unknown suffix; a folder that does not exist; samples that are out of range for the
            format.
    """
    path = Path(path)
    writer = _writer(file_suffix(path))
    if path.is_dir() or not path.parent.is_dir():
        reason = "is a folder" if path.is_dir() else f"lies in a folder that does not exist, {path.parent}"
        raise DiffecgError(f"{path} {reason}; give the path of a file in an existing folder")
    import_module(writer).write(path, recording)
    return path


def check_writable(recording: Recording, suffix: str) -> list[str]:
    """Return what a format cannot hold of a recording, one sentence each; nothing is written.

    Args:
        recording: the recording.
        suffix: suffix of the format; empty for WFDB.

    Raises:
        DiffecgError: an unknown suffix; a recording that the format cannot hold at all.
    """
    losses: list[str] = import_module(_writer(suffix)).losses(recording, suffix)
    return losses


def _writer(suffix: str) -> str:
    """Return the module that writes a format.

    Raises:
        DiffecgError: an unknown suffix.
    """
    if suffix not in _WRITERS:
        choices = ", ".join(known or "none (WFDB)" for known in SUFFIXES)
        raise DiffecgError(f"unknown suffix {suffix!r}; choose one of {choices}")
    return _WRITERS[suffix]


def file_suffix(path: Path) -> str:
    """Return the suffix of a path that selects the format, with that of a compression: ``.csv.gz``."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() + suffix if suffix in COMPRESSIONS else suffix


def output_suffix(recording: Recording) -> str:
    """Return the suffix with which a recording is written by default: that of its file, else none (WFDB)."""
    suffix = file_suffix(recording.path)
    return suffix if suffix in _WRITERS else ""


def file_name(recording: Recording, suffix: str) -> str:
    """Return the file name of a recording; WFDB allows only letters, digits, ``-`` and ``_``."""
    return recording.name + suffix if suffix else file_stem(recording.name)
