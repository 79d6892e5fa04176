"""Summaries of recordings and warnings about implausible leads."""

import re
from dataclasses import replace

import numpy as np
import pytest
from helpers import make_ecg

from diffecg.cli.info import as_text
from diffecg.formats.annotations import Annotation
from diffecg.formats.description import describe, lead_warnings
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording


def lead_recording(signal_mv, annotations=()):
    """Return a recording of lead II."""
    return Recording.from_arrays(
        np.atleast_2d(signal_mv), 360.0, channel_names=["II"], annotations=annotations
    )


def test_a_summary_holds_rate_duration_beats_and_artefacts(recording):
    summary = describe(read_recording(recording))
    _, samples, _ = make_ecg(0)
    assert (summary["fs_hz"], summary["duration_s"]) == (360, 60)
    assert sum(summary["beats"]["annotated"].values()) == len(samples)
    assert summary["channels"][0]["artefacts"]["noise"] == 0


def test_the_text_of_a_summary_names_flaws_and_beats(recording):
    read = read_recording(recording)
    read.missing[1, :216] = True
    text = as_text(describe(read))
    assert "100: 2 channels, 60 s at 360 Hz" in text
    assert "MLII (ecg, mV)" in text
    assert "no missing samples, no artefacts" in text
    assert "1.00% missing" in text
    assert "annotated beats: " in text


def test_beats_without_annotations_are_detected(mitdb):
    recording = read_recording(mitdb / "100")
    annotated = describe(recording)["beats"]["rate_per_min"]
    detected = describe(replace(recording, load_annotations=tuple))["beats"]["rate_per_min"]
    assert abs(detected / annotated - 1) < 0.05


IMPLAUSIBLE = {
    "unit": (lambda x: 1000 * x, "spans .* wrong unit"),
    "noise": (lambda x: np.random.default_rng(0).standard_normal(len(x)), "no sharp waves"),
    "breathing": (lambda x: np.sin(np.arange(len(x)) / 200), "no sharp waves|not a heart rate"),
    "upside down": (lambda x: -x, "points down in 100% .* inverted"),
}


@pytest.mark.parametrize("change", IMPLAUSIBLE)
def test_an_implausible_lead_causes_a_warning(mitdb, change):
    usual = read_recording(mitdb / "103").lead_mv(0)[: 120 * 360]
    assert lead_warnings(lead_recording(usual), 0) == []
    implausible, evidence = IMPLAUSIBLE[change]
    found = lead_warnings(lead_recording(implausible(usual)), 0)
    assert found
    assert all(re.search(evidence, warning) for warning in found)
    paced = lead_recording(usual, (Annotation(sample=7, symbol="/"),) * 3)
    assert "3 beats are annotated as paced" in lead_warnings(paced, 0)[0]


def test_real_ecgs_cause_no_warning(mitdb):
    warnings = {}
    for name in ("100", "106", "114", "203", "208", "214", "222", "232"):
        full = read_recording(mitdb / name)
        recording = replace(full, stored=full.stored[:, :108_000], missing=full.missing[:, :108_000])
        warnings |= {
            (name, row): found
            for row in recording.voltage_indices
            if (found := lead_warnings(recording, row))
        }
    assert warnings == {}
