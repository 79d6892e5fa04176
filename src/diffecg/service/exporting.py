"""Write a stored recording in another format; runs in a limited child process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from diffecg.formats.naming import file_stem
from diffecg.formats.registry import write_recording
from diffecg.service.importing import read_file
from diffecg.service.tasks import RecordingFile

SUFFIXES = {"wfdb": "", "edf": ".edf", "csv": ".csv", "parquet": ".parquet", "npz": ".npz"}
"""Suffix of each format."""


def convert_recording(file: RecordingFile, format: str, title: str, folder: Path) -> None:
    """Write a recording into a folder, in a format of :data:`SUFFIXES`.

    Raises:
        DiffecgError: the format cannot hold the recording.
    """
    suffix = SUFFIXES[format]
    name = f"{title}{suffix}" if suffix else file_stem(title)
    recording = replace(read_file(file), name=file_stem(title) if not suffix else title)
    write_recording(folder / name, recording)
