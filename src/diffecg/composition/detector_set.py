"""Sets of annotated recordings to train detectors of heartbeats on.

The recordings differ in all that a detector must not depend on: subject, rhythm, ectopic beats, heart rate,
lead, amplitude and noise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from diffecg.composition.basic_rhythms import BASIC_RHYTHMS, FIBRILLATION
from diffecg.composition.export import synthetic_comments
from diffecg.composition.model_beats import draws_beats_of_recordings
from diffecg.composition.noise import KINDS, NoiseInterval, with_noise
from diffecg.composition.recording import compose
from diffecg.composition.timing import Rhythm
from diffecg.files import CARD, to_json_bytes
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording
from diffecg.formats.scaling import digitise
from diffecg.inference.checks import check_integer
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.signal.limb_leads import STANDARD_LEADS

RHYTHM_WEIGHTS = {
    "sinus rhythm": 4,
    "sinus arrhythmia": 1,
    "sinus tachycardia": 2,
    "sinus bradycardia": 1,
    "first-degree block": 1,
    "atrial fibrillation": 2,
}
VENTRICULAR = (
    "occasional V",
    "bigeminy*12 N*15",
    "trigeminy*8 N*9",
    "N*9 couplet N*14 V",
    "N*12 triplet N*7 V N*3 V",
    "N*17 salvo of 6 N*5 couplet",
)
SUPRAVENTRICULAR = (
    "occasional S",
    "occasional V S",
    "atrial bigeminy*8 N*9",
    "N*7 S N*4 atrial couplet",
    "N*14 atrial salvo of 8 N*5 S",
    "N*6 S N*9 V N*4 S",
)
FUSION = ("N*7 F N*5 V", "N*4 F N*11 couplet N*3 F")
NORMAL_SHARE = 0.25
"""Share of recordings without ectopic beats."""
STATEMENTS = ("NORM", "MI", "IMI", "AMI", "LVH", "STTC", "CLBBB", "CRBBB", "IRBBB", "LAFB", "IVCD", "LVOLT")
"""One of these describes the subject of a recording of several leads."""
LEADS = 2
"""Leads of a recording of several leads, drawn at random: polarity and amplitude differ between leads."""
AGES, STRENGTH, NOISE_SCALE, RESPIRATION_HZ = (18.0, 90.0), (0.5, 2.0), (0.25, 2.0), (0.15, 0.4)


SNR_RANGE_DB, CLEAN_SHARE = (-9.0, 18.0), 0.2
"""Level of recorded noise, and share of recordings without any."""
_NOISE_STREAM = 1


@dataclass(frozen=True, kw_only=True)
class DetectorSet:
    """A set of annotated recordings."""

    models: tuple[str, ...] = ("mitbih-beat", "ptbxl-beat")
    """Models of beats, of one or several leads, by turns."""
    count: int = 300
    """Number of recordings."""
    duration_s: float = 120.0
    """Length of each recording, in s."""
    seed: int = 0
    """Seed of the set; sets of different seeds have no recording in common."""

    def __post_init__(self) -> None:
        """Check the number of recordings and the seed."""
        check_integer("count", self.count, 1)
        check_integer("seed", self.seed, 0)

    def compose(self, noise_from: Path | None = None) -> Iterator[Recording]:
        """Yield the recordings; each depends on the seed and its number only.

        Args:
            noise_from: folder of the MIT-BIH Noise Stress Test Database, whose noise is added at random
                levels; None: no recorded noise.
        """
        loaded = [load(name) for name in self.models]
        for number in range(self.count):
            model = loaded[number % len(loaded)]
            rng = np.random.default_rng([self.seed, number])
            recording = compose(duration_s=self.duration_s, model=model, **draw_settings(model, rng))
            if noise_from is not None:
                noise = draw_noise(np.random.default_rng([self.seed, number, _NOISE_STREAM]))
                recording = with_noise(recording, noise, noise_from)
            yield recording


def draw_settings(model: Model, rng: np.random.Generator) -> dict[str, Any]:
    """Return random arguments of :func:`diffecg.compose` for a recording of a new subject."""
    settings = {
        "beats": Rhythm(draw_rhythm(model.labels, rng), respiration_hz=rng.uniform(*RESPIRATION_HZ)),
        "seed": int(rng.integers(2**31)),
        "subject_seed": int(rng.integers(2**31)),
        "strength": rng.uniform(*STRENGTH),
    }
    if not draws_beats_of_recordings(model):
        return settings
    conditions = {
        "labels": str(rng.choice(STATEMENTS)),
        "age": rng.uniform(*AGES),
        "sex": float(rng.integers(2)),
    }
    leads = tuple(rng.choice(STANDARD_LEADS, LEADS, replace=False).tolist())
    return {**settings, "conditions": conditions, "leads": leads, "noise_scale": rng.uniform(*NOISE_SCALE)}


def draw_rhythm(labels: Collection[str], rng: np.random.Generator) -> str:
    """Return a random rhythm in the rhythm language; in fibrillation there are no atrial ectopic beats.

    Args:
        labels: labels of the beats that there are; N, S and V are among them.
        rng: source of randomness.
    """
    weights = np.array([*RHYTHM_WEIGHTS.values()])
    basic = str(rng.choice([*RHYTHM_WEIGHTS], p=weights / weights.sum()))
    if rng.random() < NORMAL_SHARE:
        return basic
    orders = [*VENTRICULAR, *(FUSION if "F" in labels else ())]
    if BASIC_RHYTHMS[basic].statement != FIBRILLATION:
        orders += SUPRAVENTRICULAR
    return f"{basic} {rng.choice(orders)}"


def draw_noise(rng: np.random.Generator) -> list[NoiseInterval]:
    """Return noise of a random kind and level for a whole recording, or none."""
    if rng.random() < CLEAN_SHARE:
        return []
    return [NoiseInterval(kind=str(rng.choice([*KINDS])), snr_db=round(rng.uniform(*SNR_RANGE_DB), 1))]


def write_detector_set(folder: Path, recordings: Iterator[Recording], about: dict[str, Any]) -> None:
    """Write recordings as WFDB records with annotations, and a card of what was drawn for each.

    Args:
        folder: an empty folder.
        recordings: the recordings.
        about: settings of the set, for the card.
    """
    drawn: dict[str, Any] = {}
    for number, recording in enumerate(recordings):
        name = f"c{number:04}"
        marked = replace(digitise(recording, 16), comments=synthetic_comments(recording))
        write_recording(folder / name, marked)
        drawn[name] = recording.info
    notice = "Synthetic ECG. Not for diagnosis."
    (folder / CARD).write_bytes(to_json_bytes({**about, "notice": notice, "recordings": drawn}))
