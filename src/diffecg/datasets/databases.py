"""The databases that diffecg knows, and one's own."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from diffecg.errors import DiffecgError

OWN = "own"
"""Any other database: one's own."""
SUBJECTS = "subjects"
"""Its split: by subject."""


@dataclass(frozen=True)
class Database:
    """A database that diffecg knows."""

    name: str
    version: str
    url: str
    """Where its files are."""
    citation: str
    licence: str
    splits: tuple[str, ...]
    """Splits of its recordings (``data/splits.py``), the usual one first."""
    lead: str
    """The lead of beats; none: it must be told."""

    def about(self) -> dict[str, str]:
        """Return what to note of the database beside what is made of it."""
        noted = {"version": self.version, "licence": self.licence, "citation": self.citation}
        return {"database": self.name, **{name: text for name, text in noted.items() if text}}

    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of every file that is needed, by file name."""
        text = files("diffecg.datasets").joinpath(f"{self.name}-{self.version}.sha256").read_text()
        pairs = (line.split() for line in text.splitlines())
        return {name: digest for digest, name in pairs}


DATABASES = {
    "mitdb": Database(
        "mitdb",
        "1.0.0",
        "https://physionet.org/files/mitdb/1.0.0/",
        "Moody GB, Mark RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol "
        "20(3):45-50 (2001)",
        "ODC-By 1.0",
        ("strict", "classic", "development"),
        "MLII",
    ),
    "svdb": Database(
        "svdb",
        "1.0.0",
        "https://physionet.org/files/svdb/1.0.0/",
        "Greenwald SD, Patil RS, Mark RG. Improved detection and classification of arrhythmias in "
        "noise-corrupted electrocardiograms using contextual information. Comput Cardiol 17:461-464 (1990)",
        "ODC-By 1.0",
        ("svdb",),
        "ECG1",
    ),
    OWN: Database(OWN, "", "", "", "", (SUBJECTS,), ""),
}


def database(name: str) -> Database:
    """Return the database called ``name``.

    Raises:
        DiffecgError: it is not known.
    """
    if name not in DATABASES:
        raise DiffecgError(f"unknown database {name!r}; choose one of {', '.join(DATABASES)}")
    return DATABASES[name]
