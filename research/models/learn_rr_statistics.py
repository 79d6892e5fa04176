"""``python -m research learn-rr-statistics``: the RR statistics that ``diffecg compose`` uses."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from jaxtyping import Float

from diffecg.composition.language import BEAT_LABELS
from diffecg.composition.rr_statistics import FILE, measure
from diffecg.datasets.label_maps import AAMI
from diffecg.datasets.splits import split
from diffecg.formats.wfdb_annotations import read_beats
from research.repository import PACKAGE

FS_HZ = 360.0
SOURCE = "MIT-BIH Arrhythmia Database 1.0.0, ODC-By 1.0; recordings of DS1 without 201; AAMI EC57 classes"


def learn_rr_statistics(database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")], /) -> None:
    """Measure the RR statistics of the training recordings, and write them into the package.

    Example: python -m research learn-rr-statistics mitdb/

    Only the annotations of the recordings of DS1 in the split strict are read.
    """
    beats = {name: read_labelled_beats(database / name) for name in split("strict").train}
    recordings = {name: measure([times], [labels]) for name, (times, labels) in beats.items()}
    recordings["all"] = measure(*zip(*beats.values(), strict=True))
    rows = ",\n".join(f'"{name}": {json.dumps(asdict(found))}' for name, found in recordings.items())
    (PACKAGE / "composition" / FILE).write_text(f'{{"about": "{SOURCE}", "recordings": {{\n{rows}\n}}}}\n')


def read_labelled_beats(path: Path) -> tuple[Float[np.ndarray, " beat"], list[str]]:
    """Return the times in s and the labels of the beats of a recording that have a label of the models."""
    beats, labels_of = read_beats(path), AAMI
    labels = np.array([labels_of.get(symbol, "?") for symbol in beats.symbol])
    known = np.isin(labels, BEAT_LABELS)
    return beats.sample[known] / FS_HZ, labels[known].tolist()
