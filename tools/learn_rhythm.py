"""What ``diffecg compose`` knows of real rhythms: src/diffecg/rhythm/statistics.json.

    python tools/learn_rhythm.py mitdb/

Reads the annotations of the recordings that train the models (DS1 of the split ``strict``), no others.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from diffecg.composition.language import BEAT_LABELS
from diffecg.composition.rr_statistics import FILE, measure
from diffecg.datasets.labels import label_map
from diffecg.datasets.splits import split
from diffecg.formats.wfdb_annotations import read_beats

OUT = Path(__file__).parents[1] / "src" / "diffecg" / "composition" / FILE
FS_HZ = 360.0


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    options = parser.parse_args()
    classes = label_map("aami")
    found = {}
    for name in split("strict").train:
        beats = read_beats(options.database / name)
        labels = np.array([classes.get(symbol, "?") for symbol in beats.symbol])
        kept = np.isin(labels, BEAT_LABELS)
        found[name] = beats.sample[kept] / FS_HZ, labels[kept].tolist()
    recordings = {name: measure([times], [labels]) for name, (times, labels) in found.items()}
    times, labels = zip(*found.values(), strict=True)
    recordings["all"] = measure(times, labels)
    about = "MIT-BIH Arrhythmia Database 1.0.0, ODC-By 1.0; recordings of DS1 without 201; AAMI EC57 classes"
    rows = ",\n".join(f'"{name}": {json.dumps(asdict(one))}' for name, one in recordings.items())
    OUT.write_text(f'{{"about": "{about}", "recordings": {{\n{rows}\n}}}}\n')


if __name__ == "__main__":
    main()
