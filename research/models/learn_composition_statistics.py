"""``python -m research learn-composition-statistics``: the rhythms and the noise that composition knows."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from cyclopts import Parameter
from jaxtyping import Bool

from diffecg.composition.noise_statistics import FILE as NOISE_FILE
from diffecg.composition.noise_statistics import LevelStatistics, NoiseStatistics
from diffecg.composition.rhythm_statistics import FILE as RHYTHM_FILE
from diffecg.composition.rhythm_statistics import load_rhythm_statistics
from diffecg.formats.registry import read_recording
from diffecg.signal.baseline import remove_baseline
from diffecg.signal.limb_leads import INDEPENDENT_LEADS
from diffecg.signal.rpeaks import r_peaks_of_leads
from research.models.median_beats import MedianBeats
from research.models.noise_calibration import calibrate
from research.models.noise_measurement import (
    BEFORE_S,
    QRS_S,
    DetectedBeats,
    measure_amplitudes,
    measure_components,
    measure_fibrillation,
)
from research.models.rhythm_measurement import measure_ectopy, measure_rhythm
from research.repository import PACKAGE

LEADS = INDEPENDENT_LEADS
REFERENCES = ("V1", "II")
"""Leads in which fibrillatory waves are large."""
TRAINING_FOLDS = 8
RHYTHMS = ("SR", "SARRH", "STACH", "SBRAD", "AFIB", "1AVB")
"""Statements whose RR intervals are measured."""
IRREGULAR = ("SARRH", "AFIB")
OTHER_RHYTHMS = {"AFLT", "PACE", "SVARR", "PSVT", "SVTAC", "2AVB", "3AVB", "PVC", "PAC", "BIGU", "TRIGU"}
"""Recordings with one of these are left out."""
ECTOPY = {"V": ("PVC", False), "S": ("PAC", True)}
"""By label: the statement, and whether such beats resemble the median beat."""
ALIKE = 0.9
"""Correlation of a QRS complex with that of the median beat."""
EVERY = 4
"""Every which recording is used for the noise."""
SOURCE = "PTB-XL 1.0.3, CC BY 4.0; recordings of folds 1 to 8 at 100 Hz"


def learn_composition_statistics(database: Annotated[Path, Parameter(help="PTB-XL as released.")], /) -> None:
    """Measure rhythms and noise of the training recordings of PTB-XL, and write them into the package.

    Example: python -m research learn-composition-statistics ptbxl/
    """
    table = pd.read_csv(database / "ptbxl_database.csv")
    table = table[table["strat_fold"] <= TRAINING_FOLDS]
    codes = [frozenset(ast.literal_eval(text)) for text in table["scp_codes"]]
    recordings = [detect_beats(database / name) for name in table["filename_lr"]]
    _write(RHYTHM_FILE, rhythm_statistics(recordings, codes))  # before noise: composed recordings need it
    load_rhythm_statistics.cache_clear()
    _write(NOISE_FILE, noise_statistics(recordings, codes))


def rhythm_statistics(recordings: list[DetectedBeats], codes: list[frozenset[str]]) -> dict[str, Any]:
    """Return the content of the file of rhythms."""
    rr_s = [np.diff(one.peaks) / one.fs_hz for one in recordings]
    found = {}
    for rhythm in RHYTHMS:
        chosen = [i for i, held in enumerate(codes) if rhythm in held and not held & OTHER_RHYTHMS]
        found[rhythm] = measure_rhythm([rr_s[i] for i in chosen], is_irregular=rhythm in IRREGULAR)
    ectopy = {}
    for label, (code, alike) in ECTOPY.items():
        chosen = [i for i, held in enumerate(codes) if code in held and "AFIB" not in held]
        likes = [resembles_median(recordings[i]) for i in chosen]
        ectopy[label] = measure_ectopy([rr_s[i] for i in chosen], likes, alike=alike)
    return {"rhythms": _rows(found), "ectopy": _rows(ectopy)}


def noise_statistics(recordings: list[DetectedBeats], codes: list[frozenset[str]]) -> dict[str, Any]:
    """Return the content of the file of noise."""
    known = list(zip(recordings, codes, strict=True))
    regular = [one for one, held in known if "SR" in held and not held & OTHER_RHYTHMS][::EVERY]
    regular = [one for one in regular if one.is_usable]
    fibrillating = [one for one, held in known if "AFIB" in held and not held & OTHER_RHYTHMS]
    fibrillating = [one for one in fibrillating if one.is_usable]
    references = [LEADS.index(lead) for lead in REFERENCES]
    measured = NoiseStatistics(
        leads=LEADS,
        components=measure_components(regular),
        amplitude=measure_amplitudes(regular),
        fibrillation=measure_fibrillation(fibrillating, regular, references),
    )
    found = calibrate(measured, MedianBeats(regular, LEADS))
    return {
        "leads": LEADS,
        "components": [{**vars(one), "level": _level(one.level)} for one in found.components],
        "amplitude": _level(found.amplitude),
        "fibrillation": _level(found.fibrillation),
    }


def detect_beats(path: Path) -> DetectedBeats:
    """Read the independent leads of a recording and detect R peaks on their vector magnitude."""
    recording = read_recording(path)
    signal_mv = recording.select([recording.channel_index(lead) for lead in LEADS]).signal_mv
    peaks = r_peaks_of_leads(remove_baseline(signal_mv, recording.fs_hz), recording.fs_hz)
    return DetectedBeats(signal_mv=signal_mv.T, fs_hz=recording.fs_hz, peaks=peaks)


def resembles_median(one: DetectedBeats) -> Bool[np.ndarray, " beat"]:
    """Return whether the QRS complex of each beat resembles that of the median beat; False at the ends."""
    likes = np.zeros(len(one.peaks), dtype=bool)
    if len(one.inner):
        start, stop = (one.samples(BEFORE_S + time_s) for time_s in QRS_S)
        median_mv = one.median_mv[start:stop].ravel()
        found = [np.corrcoef(beat[start:stop].ravel(), median_mv)[0, 1] for beat in one.beats_mv]
        likes[np.isin(one.peaks, one.inner)] = np.array(found) > ALIKE
    return likes


def _rows(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: asdict(row) for name, row in found.items()}


def _level(level: LevelStatistics) -> dict[str, Any]:
    return {name: getattr(level, name).tolist() for name in ("log_mean", "log_covariance", "correlation")}


def _write(name: str, content: dict[str, Any]) -> None:
    text = json.dumps({"about": SOURCE, **content}, separators=(",", ":"))
    (PACKAGE / "composition" / name).write_text(text + "\n")
