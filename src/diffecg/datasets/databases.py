"""The databases that diffecg can prepare."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from diffecg.choices import choices
from diffecg.errors import DiffecgError

OWN = "own"
"""Name of the database of a user's own recordings."""
SUBJECTS = "subjects"
"""Name of its split: random, by subject."""
FOLDS = "folds"
"""Name of the split of PTB-XL: its folds 1 to 8, 9 and 10."""
RECORDINGS = "recordings"
"""Name of the split of a database without subject identifiers: random, by recording."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of recordings."""

    name: str
    version: str = ""
    url: str = ""
    """Address of its files; empty: it cannot be downloaded."""
    citation: str = ""
    licence: str = ""
    splits: tuple[str, ...]
    """Names of its splits (:mod:`diffecg.datasets.splits`), the default first."""
    lead: str = ""
    """Default lead of beats; empty: there is none."""
    note: str = ""
    """What its data card has to say of it; empty: nothing."""
    listed: tuple[str, ...] = ()
    """Folders whose files are listed in the release itself, in ``SHA256SUMS.txt``, because there are
    too many for this package. The list is only trusted if it agrees with :meth:`checksums`."""

    @property
    def physionet_name(self) -> str:
        """Name on PhysioNet, such as ``ptb-xl``; empty: it is not there."""
        return self.url.removeprefix("https://physionet.org/files/").partition("/")[0]

    def provenance(self) -> dict[str, str]:
        """Return name, version, licence and citation."""
        fields = {"version": self.version, "licence": self.licence, "citation": self.citation}
        return {"database": self.name, **{key: value for key, value in fields.items() if value}}

    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of the files to download, by name, apart from the folders ``listed``."""
        text = files("diffecg.datasets").joinpath(f"{self.name}-{self.version}.sha256").read_text()
        pairs = (line.split() for line in text.splitlines())
        return {name: digest for digest, name in pairs}


DATABASES = {
    "mitdb": Database(
        name="mitdb",
        version="1.0.0",
        url="https://physionet.org/files/mitdb/1.0.0/",
        citation="Moody GB, Mark RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol "
        "20(3):45-50 (2001)",
        licence="ODC-By 1.0",
        splits=("strict", "classic", "development"),
        lead="MLII",
    ),
    "svdb": Database(
        name="svdb",
        version="1.0.0",
        url="https://physionet.org/files/svdb/1.0.0/",
        citation="Greenwald SD, Patil RS, Mark RG. Improved detection and classification of arrhythmias in "
        "noise-corrupted electrocardiograms using contextual information. Comput Cardiol 17:461-464 (1990)",
        licence="ODC-By 1.0",
        splits=("svdb", "svdb-train"),
        lead="ECG1",
    ),
    "ptbxl": Database(
        name="ptbxl",
        version="1.0.3",
        url="https://physionet.org/files/ptb-xl/1.0.3/",
        citation="Wagner P, Strodthoff N, Bousseljot R-D, Kreiseler D, Lunze FI, Samek W, Schaeffter T. "
        "PTB-XL, a large publicly available electrocardiography dataset. Scientific Data 7:154 (2020)",
        licence="CC BY 4.0",
        splits=(FOLDS,),
        lead="II",
        listed=("records100/",),
    ),
    "cinc2015": Database(
        name="cinc2015",
        version="1.0.0",
        url="https://physionet.org/files/challenge-2015/1.0.0/training/",
        citation="Clifford GD, Silva I, Moody B, et al. The PhysioNet/Computing in Cardiology Challenge "
        "2015: reducing false arrhythmia alarms in the ICU. Comput Cardiol 42:273-276 (2015)",
        licence="ODC-By 1.0",
        splits=(RECORDINGS,),
        note="the recordings carry no subject identifiers and are split one by one: those of a patient may "
        "be in several partitions",
    ),
    OWN: Database(name=OWN, splits=(SUBJECTS,)),
}


def database(name: str) -> Database:
    """Return the database with a name.

    Raises:
        DiffecgError: an unknown name.
    """
    if name not in DATABASES:
        raise DiffecgError(f"unknown database {name!r}; {choices(name, DATABASES)}")
    return DATABASES[name]
