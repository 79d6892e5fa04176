"""Options of ``diffecg prepare``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from diffecg.choices import choices
from diffecg.config.presets import preset as find_preset
from diffecg.config.schema import WindowConfig
from diffecg.datasets.databases import Database
from diffecg.datasets.label_maps import AAMI, LabelMap
from diffecg.datasets.label_maps import label_map as find_label_map
from diffecg.datasets.subject_table import SubjectTable
from diffecg.errors import DiffecgError
from diffecg.signal.kinds import signal_kind
from diffecg.signal.units import units_by_channel


@dataclass(frozen=True, kw_only=True)
class RecordingPreset:
    """Whole recordings that a model is trained on."""

    fs_hz: float
    """Sampling rate, in Hz."""
    kinds: tuple[str, ...]
    """Kinds of their signals (:mod:`diffecg.signal.kinds`)."""


RECORDING_PRESETS = {
    "imputation": RecordingPreset(fs_hz=100.0, kinds=("ecg",)),
    "monitor": RecordingPreset(fs_hz=125.0, kinds=("ecg", "ppg", "pressure", "respiration")),
}
"""The presets that are trained on whole recordings, and not on windows."""

DETECTED_BEATS = ("twelve-lead",)
"""Presets whose beats are detected in the signal, and not those of annotations."""


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """Windows or recordings, split and labels of ``prepare``."""

    preset: str = "beat"
    """Preset that defines the windows: beat or paper, around annotated beats; twelve-lead, around beats that
    are detected in all leads, with all statements, age, sex and heart rate. imputation: the ECG of
    whole recordings at 100 Hz, with their R peaks; monitor: their ECG, PPG, pressure and respiration at
    125 Hz."""
    split: str | None = None
    """Split into training, validation and test. mitdb: strict (default; DS1 and DS2 without recording 201,
    whose subject is also in DS2), classic (with 201), development (DS1 only, for choosing settings without
    DS2). svdb: svdb (all recordings for testing), svdb-train (two thirds of the subjects for training, the
    others for testing). ptbxl: folds (1 to 8 training, 9 validation, 10 test). cinc2015: recordings
    (random by recording; subjects are unknown). own: subjects (random by subject: 70 % training, 10 %
    validation, 20 % test)."""
    label_map: str | None = None
    """Labels of annotated beats: aami (default; AAMI EC57); aami-escape-s, in which escape beats (e, j) are
    S; symbols, in which each symbol is a label; rhythm, the rhythm at the beat (N, AFIB, AFL, VT, ...); or a
    file of your own, CSV with the columns code and label, or a JSON object. A code is the symbol of a beat,
    such as V, or a rhythm, such as `(AFIB`. Beats of other codes are unknown (?)."""
    lead: str | None = None
    """Lead of the beats; default MLII for mitdb, ECG1 for svdb; required for own. twelve-lead: names of the
    leads, separated by commas; default: I,II,V1,V2,V3,V4,V5,V6, from which the others follow. Recordings:
    names of the ECG leads, separated by commas; default: the channels that are named as ECG leads."""
    kind: str | None = None
    """Recordings: kinds of the signals that are kept, separated by commas: ecg, ppg, pressure, respiration,
    eeg, eog, emg, acceleration, temperature. They are found by the names of channels. Default: that of the
    preset."""
    length: int | None = None
    """Samples in a window; default: that of the preset."""
    fs: float | None = None
    """Sampling rate in Hz of recordings whose files do not state it."""
    unit: str | None = None
    """Unit of the ECG channels, mV, uV or V, whatever the files state, or of single channels, separated by
    commas: EEG=uV,ABP=mmHg. Default: that of the file, else mV."""
    gain: float | None = None
    """ADC units per mV of tables and arrays of ADC units, in place of --unit."""
    baseline: float | None = None
    """With --gain: ADC units of 0 mV. Default: 0."""
    annotator: str | None = None
    """Suffix of the WFDB annotation files, such as qrs; default: atr."""

    @property
    def recording_rate_hz(self) -> float | None:
        """Sampling rate of the recordings, in Hz; None: the preset is trained on windows.

        Raises:
            DiffecgError: a length is given for whole recordings.
        """
        if self.preset not in RECORDING_PRESETS:
            return None
        if self.length is not None:
            raise DiffecgError(
                f"the preset {self.preset} takes whole recordings; leave out --length, or choose another "
                "preset"
            )
        return RECORDING_PRESETS[self.preset].fs_hz

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of the signals of whole recordings.

        Raises:
            DiffecgError: an unknown kind; names of ECG leads without the kind ecg.
        """
        kinds = _names(self.kind) or RECORDING_PRESETS[self.preset].kinds
        for kind in kinds:
            signal_kind(kind)
        if self.leads and "ecg" not in kinds:
            raise DiffecgError("--lead names ECG leads; add ecg to --kind, or leave out --lead")
        return kinds

    def window(self, database: Database) -> WindowConfig:
        """Return the window settings for a database.

        Raises:
            DiffecgError: an unknown preset, or one that is trained on whole recordings; the lead is missing;
                a length below 1; kinds of signals are given.
        """
        if self.preset in RECORDING_PRESETS:
            raise DiffecgError(
                f"the preset {self.preset} takes whole recordings, not windows; write them with diffecg "
                f"prepare --preset {self.preset}"
            )
        window = find_preset(self.preset).window
        if self.kind is not None:
            raise DiffecgError(
                f"the preset {self.preset} takes an ECG; leave out --kind, or choose the preset "
                f"{' or '.join(RECORDING_PRESETS)}"
            )
        if self.has_detected_beats:
            window = replace(window, leads=self.leads or window.leads)
        elif lead := self.lead or database.lead:
            window = replace(window, leads=(lead,))
        else:
            raise DiffecgError(
                f"the preset {self.preset} takes one lead; name it, as in --lead II (diffecg info RECORDING "
                "shows the leads that a recording has)"
            )
        if self.length is not None:
            if self.length < 1:
                raise DiffecgError(f"length {self.length} must be at least 1 sample")
            window = replace(window, length=self.length, before=min(window.before, self.length // 2))
        return window

    @property
    def labels(self) -> LabelMap:
        """Label of each annotation code.

        Raises:
            DiffecgError: an unknown or damaged label map; a label map for recordings whose annotations are
                not used.
        """
        if self.label_map is None:
            return AAMI
        if self.has_detected_beats or self.preset in RECORDING_PRESETS:
            raise DiffecgError(
                f"the preset {self.preset} does not take labels from annotations; leave out --label-map"
            )
        return find_label_map(self.label_map)

    @property
    def has_detected_beats(self) -> bool:
        """Whether the beats are detected in the signal."""
        return self.preset in DETECTED_BEATS

    @property
    def leads(self) -> tuple[str, ...]:
        """Leads of whole recordings or of detected beats; empty: the default ones."""
        return _names(self.lead)

    @property
    def reading(self) -> dict[str, Any]:
        """What the user states about the files, as arguments of ``read_recording``."""
        unit = self.unit
        by_channel = units_by_channel(unit.split(",")) if unit and "=" in unit else unit
        stated = {
            "fs_hz": self.fs,
            "unit": by_channel,
            "gain": self.gain,
            "baseline": self.baseline,
            "annotator": self.annotator,
        }
        return {name: value for name, value in stated.items() if value is not None}

    def split_name(self, database: Database) -> str:
        """Return the name of the split for a database.

        Raises:
            DiffecgError: the database has no such split.
        """
        name = database.splits[0] if self.split is None else self.split
        if name not in database.splits:
            raise DiffecgError(f"{database.name} has no split {name!r}; {choices(name, database.splits)}")
        return name


def _names(text: str | None) -> tuple[str, ...]:
    """Return each of the names that commas separate, once."""
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))


@dataclass(frozen=True, kw_only=True)
class RecordingSetOptions:
    """What a recording set is made of."""

    database: Database
    split: str
    """Name of the split."""
    fs_hz: float
    """Sampling rate of the set, in Hz."""
    leads: tuple[str, ...] = ()
    """Names of the ECG leads; empty: those of each recording, which are found by name."""
    kinds: tuple[str, ...] = ("ecg",)
    """Kinds of the signals (:mod:`diffecg.signal.kinds`)."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """What the user states about the files: arguments of ``read_recording``."""
    subjects: SubjectTable | None = None
    """The recordings to use, with their subjects, for the split ``subjects``; None: all recordings."""

    @property
    def is_ecg(self) -> bool:
        """Whether the set has ECG alone."""
        return self.kinds == ("ecg",)


@dataclass(frozen=True, kw_only=True)
class DetectedBeatsOptions:
    """Windows around detected beats."""

    database: Database
    split: str
    """Name of the split."""
    window: WindowConfig
    reading: Mapping[str, Any] = field(default_factory=dict)
    """What the user states about the files: arguments of ``read_recording``."""
    subjects: SubjectTable | None = None
    """The recordings to use, with their subjects, for the split ``subjects``; None: all recordings."""
