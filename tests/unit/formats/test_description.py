"""Summaries of recordings and warnings about implausible leads."""

import re
from dataclasses import replace

import numpy as np
import pytest
from helpers import make_ecg

from diffecg.cli.info import as_lines
from diffecg.formats.annotations import Annotation
from diffecg.formats.description import channel_warnings, describe
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
    assert (summary["channels"][0]["fs_hz"], summary["duration_s"]) == (360, 60)
    assert sum(summary["beats"]["annotated"].values()) == len(samples)
    assert summary["channels"][0]["artefacts"]["noise"] == 0


def test_the_text_of_a_summary_names_flaws_and_beats(recording):
    signal = read_recording(recording).signal
    signal[1, :216] = np.nan
    notes = read_recording(recording).annotations
    read = Recording.from_arrays(signal, 360.0, channel_names=["MLII", "V1"], name="100", annotations=notes)
    lines = as_lines(describe(read))
    text = "\n".join(lines)
    assert len(lines) <= 12
    assert "100: recording, 2 channels, 0:01:00 h" in text
    assert "MLII, V1 in mV, 360 Hz" in text
    assert "V1 1.00% in 1 gap, the longest 0.6 s" in text
    assert "none detected" in text
    assert "annotated: " in text


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
    assert channel_warnings(lead_recording(usual), 0) == []
    implausible, evidence = IMPLAUSIBLE[change]
    found = channel_warnings(lead_recording(implausible(usual)), 0)
    assert found
    assert all(re.search(evidence, warning) for warning in found)
    paced = lead_recording(usual, (Annotation(time_s=0.02, symbol="/"),) * 3)
    assert "3 beats are annotated as paced" in channel_warnings(paced, 0)[0]


def test_real_ecgs_cause_no_warning(mitdb):
    warnings = {}
    for name in ("100", "106", "114", "203", "208", "214", "222", "232"):
        recording = read_recording(mitdb / name, stop_s=300)
        warnings |= {
            (name, row): found
            for row in recording.voltage_indices
            if (found := channel_warnings(recording, row))
        }
    assert warnings == {}


def test_times_since_1970_are_stated_as_a_date(tmp_path):
    path = tmp_path / "clock.csv"
    signal, _, _ = make_ecg(0, 20, 250)
    rows = (f"{1_700_000_000 + k / 250:.3f},{value:.4f}" for k, value in enumerate(signal))
    path.write_text("\n".join(["time,II (mV)", *rows]))
    time = as_lines(describe(read_recording(path)))[1]
    assert "from 1700000000 to 1700000020 (first sample at 2023-11-14 22:13:20)" in time
