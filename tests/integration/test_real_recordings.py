"""Imputation of real recordings in every format."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import diffecg
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.formats.registry import SUFFIXES, file_name, read_recording, write_recording
from diffecg.inference.export import write_imputed
from diffecg.inference.gaps import find_segments
from diffecg.inference.options import DrawOptions, ImputeOptions
from diffecg.inference.planning import ImputationPlan
from diffecg.inference.recordings import impute_recording
from diffecg.signal.masks import Interval


def write_to(folder, recording, suffix) -> Path:
    """Write a recording under its own name and return the path."""
    return write_recording(folder / file_name(recording, suffix), recording)


PATTERNS = {
    "one": [(20.0, 20.8)],
    "both ends": [(0.0, 0.7), (39.0, 40.0)],
    "many": [(float(t), t + 0.3) for t in range(3, 37, 4)],
    "long": [(8.0, 21.5)],
    "all but 2 s": [(0.0, 19.0), (21.0, 40.0)],
}


@pytest.mark.long
@pytest.mark.parametrize("case", range(20))
def test_an_imputed_recording_keeps_every_observed_sample(mitdb, gaps, tmp_path, case):
    base = mitdb.parent / ("mitdb" if case % 2 else "svdb")
    full = read_recording(base / RecordingFolder(base).names()[2 * case])
    pattern = list(PATTERNS)[case % 5]
    observed = replace(full.crop(0, 40), path=Path(), name=f"cut{full.name}")
    model = diffecg.load_imputer(gaps)
    for suffix in SUFFIXES:
        source = read_recording(write_to(tmp_path, observed, suffix), fs_hz=full.fs_hz)
        rows = [0, 1] if suffix in ("", ".csv") else [case % 2]
        gaps = [Interval(start_s=start_s, stop_s=stop_s) for start_s, stop_s in PATTERNS[pattern]]
        segments = find_segments(source, rows, gaps, [])
        plan = ImputationPlan(segments=segments, rows=rows, input_rows=rows)
        result = impute_recording(model, source, plan, ImputeOptions(), DrawOptions(draws=1))
        folder = tmp_path / f"out{suffix}"
        folder.mkdir()
        path = write_imputed(folder, result)
        back = read_recording(path, fs_hz=full.fs_hz)
        kept = np.ones(observed.stored.shape, bool)
        for segment in segments:
            kept[segment.row, segment.start : segment.stop] = False
        assert np.array_equal(back.stored[kept], source.stored[kept])
        assert np.isfinite(back.signal_mv).all()
        assert (back.stored[~kept] != source.stored[~kept]).mean() > 0.5
        notes = [
            (note.sample(full.fs_hz), note.symbol, note.text)
            for note in back.annotations
            if "imputed" not in note.text
        ]
        assert notes == [(note.sample(full.fs_hz), note.symbol, note.text) for note in observed.annotations]
        assert (back.fs_hz, back.channel_names) == (source.fs_hz, source.channel_names)
