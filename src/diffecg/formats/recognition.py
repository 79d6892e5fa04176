"""Formats that are recognised by their content, and those that diffecg does not read, with a way out."""

from __future__ import annotations

from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.tables.text_files import COMPRESSIONS, TEXT_TABLES

_SIGNATURES = (
    (128, b"DICM", ".dcm"),
    (0, b"ISHNE1.0", ".ecg"),
    (0, b"MATLAB 5.0 MAT-file", ".mat"),
    (0, b"0       ", ".edf"),
)
"""First byte, content, and suffix of formats whose files often have no suffix of their own."""

_MNE = "read it with MNE (mne.io) and pass the Raw object to diffecg.as_recording"
_EDFBROWSER = "convert it to EDF with EDFbrowser"
_PICTURE = "a picture holds no samples; ask for the recording itself, as DICOM, SCP-ECG, XML or EDF"

_FORMATS = {
    ".acq": ("BIOPAC AcqKnowledge", "convert it with bioread, or export it as text"),
    ".adicht": ("LabChart", "export it as EDF or text from LabChart"),
    ".smr": ("Spike2", "export it as EDF or text from Spike2"),
    ".smrx": ("Spike2", "export it as EDF or text from Spike2"),
    ".vhdr": ("BrainVision", _MNE),
    ".eeg": ("BrainVision or Nihon Kohden", _MNE),
    ".cnt": ("Neuroscan or ANT", _MNE),
    ".set": ("EEGLAB", _MNE),
    ".fif": ("MNE", _MNE),
    ".gdf": ("GDF", _MNE),
    ".mff": ("EGI", _MNE),
    ".trc": ("Micromed", "export it as EDF"),
    ".h5": ("HDF5", "save its arrays as .npz, with signal_mv, fs_hz and leads"),
    ".hdf5": ("HDF5", "save its arrays as .npz, with signal_mv, fs_hz and leads"),
    ".pkl": ("pickle, which can run programs", "save its arrays as .npz, with signal_mv, fs_hz and leads"),
    ".pickle": ("pickle, which can run programs", "save its arrays as .npz, with signal_mv, fs_hz and leads"),
    ".xls": ("Excel", "save it as CSV"),
    ".xlsx": ("Excel", "save it as CSV"),
    ".ods": ("OpenDocument", "save it as CSV"),
    ".wav": ("sound", "export the recording as CSV or EDF"),
    ".zip": ("an archive", "unpack it"),
    ".tar": ("an archive", "unpack it"),
    ".gz": ("a compressed file", "unpack it"),
    ".bz2": ("a compressed file", "unpack it"),
    ".xz": ("a compressed file", "unpack it"),
    ".zst": ("a compressed file", "unpack it"),
    ".7z": ("an archive", "unpack it"),
    ".pdf": ("a printed ECG", _PICTURE),
    ".png": ("a picture", _PICTURE),
    ".jpg": ("a picture", _PICTURE),
    ".jpeg": ("a picture", _PICTURE),
    ".tif": ("a picture", _PICTURE),
    ".tiff": ("a picture", _PICTURE),
    ".svg": ("a drawing", _PICTURE),
    ".hl7": ("HL7", "export it as HL7 aECG (.xml)"),
    ".arc": ("EDAN Holter", _EDFBROWSER),
    ".nk": ("Nihon Kohden", _EDFBROWSER),
}
"""Name of the format and the way out, by suffix."""


def suffix_by_content(path: Path) -> str | None:
    """Return the suffix of the format of a file whose own suffix says nothing; None if it is not recognised.

    DICOM files are often named by numbers, EDF files ``.rec``.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(256)
    except OSError:  # no file, a folder, or a name that is too long
        return None
    for first, signature, suffix in _SIGNATURES:
        if content[first:].startswith(signature):
            return suffix
    return None


def check_readable(path: Path) -> None:
    """Check that a file is not of a format that is known and cannot be read.

    Raises:
        DiffecgError: it is; the message names the format and the way out.
    """
    is_table = path.suffix.lower() in COMPRESSIONS and Path(path.stem).suffix.lower() in TEXT_TABLES
    known = _FORMATS.get(path.suffix.lower())
    if known and not is_table:
        name, way_out = known
        raise DiffecgError(
            f"{path} looks like {name} ({path.suffix}), which diffecg does not read; {way_out}"
        )
