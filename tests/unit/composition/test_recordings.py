"""Recordings of several leads: annotated, reproducible, and exact in their limb leads."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import tiny

import diffecg
from diffecg.composition.batch import compose_batch
from diffecg.composition.model_beats import ModelBeats
from diffecg.composition.noise import NoiseInterval, with_noise
from diffecg.composition.plan import plan_recording
from diffecg.composition.recordings import compose_recordings
from diffecg.composition.steps import STEPS_PER_MV
from diffecg.composition.strips import compose_windows
from diffecg.composition.waveforms import conduct
from diffecg.datasets.formats.registry import read_windows, write_windows
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording, write_recording
from diffecg.formats.scaling import digitise
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.limb_leads import INDEPENDENT_LEADS, STANDARD_LEADS
from diffecg.signal.rpeaks import r_peaks_of_leads
from diffecg.signal.simulation import WAVES

AXIS = np.array([0.7, 1.0, -0.6, -0.4, 0.3, 0.9, 1.1, 0.9])
"""Factor of the waves in each lead."""


@dataclass
class SimulatedBeats:
    """Draws the beats of the simulated ECG, scaled by the seed; P waves by label, QRS width by V."""

    name: str = "simulated"
    leads: tuple[str, ...] = INDEPENDENT_LEADS
    fs_hz: float = 100.0
    r_peak: int = 40
    symbols: Mapping[str, str] = field(default_factory=lambda: {"N": "N", "S": "A", "V": "V"})
    numbers: tuple[str, ...] = ("age",)
    asked: list[pd.DataFrame] = field(default_factory=list)

    def draw(self, conditions, seeds):
        self.asked.append(conditions)
        time_s = (np.arange(round(1.2 * self.fs_hz)) - self.r_peak) / self.fs_hz
        drawn = []
        for label, seed in zip(conditions["beat_label"], seeds, strict=True):
            scale = np.random.default_rng(seed).uniform(0.8, 1.2)
            waves = WAVES["V" if label == "V" else "N"]
            beat = sum(a * np.exp(-0.5 * ((time_s - offset) / width) ** 2) for offset, width, a in waves)
            drawn.append(scale * AXIS[:, None] * beat)
        return np.array(drawn)


@pytest.fixture
def source():
    return SimulatedBeats()


def steps(recording, lead):
    return np.rint(STEPS_PER_MV * recording.lead_mv(recording.channel_names.index(lead))).astype(int)


def test_limb_leads_are_exact_in_written_files(source, tmp_path):
    (made,) = compose_recordings(source, [{"labels": "AFIB"}], seed=5)
    assert made.channel_names == STANDARD_LEADS
    path = write_recording(tmp_path / "made", digitise(made, 16, gain=STEPS_PER_MV))
    for recording in (made, read_recording(path.with_suffix(""))):
        one, two, three, right, left, foot = (steps(recording, lead) for lead in STANDARD_LEADS[:6])
        assert (three == two - one).all()
        assert (2 * right == -(one + two)).all()
        assert (2 * left == 2 * one - two).all()
        assert (2 * foot == 2 * two - one).all()
    notes = wfdb.rdann(str(tmp_path / "made"), "atr")
    assert (notes.symbol[0], notes.aux_note[0].strip("\x00")) == ("+", "(AFIB")
    assert set(notes.symbol[1:]) == {"N"}


@pytest.mark.parametrize("fs_hz", [100.0, 500.0])
def test_beats_are_annotated_at_their_r_peaks(fs_hz):
    source = SimulatedBeats(fs_hz=fs_hz, r_peak=round(0.4 * fs_hz))
    rhythm = diffecg.Rhythm("sinus rhythm occasional V S", 70)
    for made in compose_recordings(source, [{"labels": ("PAC", "PVC", "SR")}] * 6, 20.0, rhythm=rhythm):
        found = r_peaks_of_leads(made.signal_mv[[STANDARD_LEADS.index(x) for x in source.leads]], fs_hz)
        beats = made.beats()
        distance_s = np.abs(beats.sample[:, None] - found).min(axis=1) / fs_hz
        inner = (beats.sample > 0.3 * fs_hz) & (beats.sample < made.samples - 0.3 * fs_hz)
        assert np.mean(distance_s[inner & (beats.symbol == "N")] <= 0.011) > 0.98
        assert np.mean(distance_s[inner] <= 0.06) > 0.95
        assert {"N", "V", "A"} == set(beats.symbol)


def test_a_recording_depends_on_its_seed_only(source):
    conditions = pd.DataFrame(
        {"labels": [("SR",), ("AFIB",), ("PVC", "SR")] * 3, "age": [60.0, np.nan, 70.0] * 3}
    )
    together = list(compose_recordings(source, conditions, seed=10))
    apart = list(compose_recordings(source, conditions, seed=10, batch_size=2))
    (last,) = compose_recordings(source, conditions.iloc[[8]], seed=18)
    for one, other in zip(together, [*apart[:8], last], strict=True):
        np.testing.assert_array_equal(one.signal_mv, other.signal_mv)
        assert one.annotations == other.annotations
        assert one.info == other.info
    assert np.abs(together[0].signal_mv - together[3].signal_mv).max() > 0.1
    np.testing.assert_array_equal(
        diffecg.compose(diffecg.Rhythm("sinus rhythm"), 10.0, model=source, seed=10, subject_seed=10)
        .beats()
        .sample,
        together[0].beats().sample,
    )


def test_a_long_recording_is_the_same_in_chunks(source, monkeypatch):
    plan = plan_recording({"labels": "AFIB+PVC"}, 3, 50.0)
    whole = compose_batch(source, [plan], 50.0).steps
    monkeypatch.setattr("diffecg.composition.batch.CHUNK_SAMPLES", 777)
    assert np.abs(compose_batch(source, [plan], 50.0).steps - whole).max() <= 2  # rounding of float32


def test_beats_are_conditioned_on_their_recording(source):
    list(compose_recordings(source, [{"labels": ("MI", "PVC", "SR"), "age": 63.0, "heart_rate": 80.0}]))
    asked = source.asked[0]
    assert asked["labels"].tolist() == [("MI", "PVC", "SR", "N"), ("MI", "PVC", "SR", "V")]
    assert asked["age"].tolist() == [63, 63]
    assert asked["heart_rate"].tolist() == [80, 80]
    normal, ectopic = asked.to_dict("records")
    assert ectopic["rr_before_s"] < 0.75 * 0.95 < normal["rr_before_s"]
    diffecg.compose(diffecg.Rhythm("atrial fibrillation"), 5.0, model=source, conditions={"labels": "MI"})
    assert source.asked[1]["labels"].tolist() == ["AFIB+MI+N"]


def test_a_supraventricular_beat_is_conducted_normally():
    normal, premature = np.ones((2, 120)), np.zeros((2, 120))
    made = conduct(premature, normal, 100.0, 40)
    assert (made[:, :31] == 0).all()
    assert (made[:, 36:] == 1).all()


def test_without_noise_beats_are_the_drawn_ones(source):
    recording = diffecg.compose(
        [(1.0, "N"), (2.0, "N")], model=source, strength=0.0, noise_scale=0.0, leads=["V6", "II"]
    )
    drawn = source.draw(pd.DataFrame({"beat_label": ["N"]}), [0])[0]
    around = slice(100 - 15, 100 + 50)
    np.testing.assert_allclose(recording.signal_mv[:, around], drawn[[7, 1], 40 - 15 : 40 + 50], atol=0.02)


def test_recorded_noise_keeps_limb_leads_exact(source, tmp_path):
    rng = np.random.default_rng(0)
    wander = np.cumsum(rng.standard_normal((7200, 2)), axis=0) * 0.01
    wfdb.wrsamp("em", 360, ["mV", "mV"], ["a", "b"], wander, fmt=["16", "16"], write_dir=str(tmp_path))
    (made,) = compose_recordings(source, [{}])
    noisy = with_noise(made, [NoiseInterval(kind="em", snr_db=0.0)], tmp_path)
    one, two, three, right = (steps(noisy, lead) for lead in STANDARD_LEADS[:4])
    assert (three == two - one).all()
    assert (2 * right == -(one + two)).all()
    added = noisy.signal_mv - made.signal_mv
    assert np.abs(np.corrcoef(added[6:]) - np.eye(6)).max() < 0.9999  # no two leads have the same noise


def test_invalid_requests_are_refused(source):
    for conditions, options, words in (
        ({}, {"noise_scale": -1.0}, "noise_scale -1"),
        ({"shoe": 43.0}, {}, "unknown condition 'shoe' for simulated; choose one of labels, heart_rate, age"),
        ({}, {"leads": ["V9"]}, "V9 cannot be derived"),
        ({"heart_rate": 500.0}, {}, "heart rate 500"),
        ({}, {"rhythm": diffecg.Rhythm("N F")}, "no beats with the label F"),
    ):
        with pytest.raises(DiffecgError, match=words):
            list(compose_recordings(source, [conditions], **options))
    with pytest.raises(DiffecgError, match="conditions and leads need a model of several leads"):
        diffecg.compose([(1.0, "N")], conditions={"age": 60.0})


def test_windows_hold_the_same_recordings(source, tmp_path):
    conditions = [{"labels": ("AFIB", "PVC"), "age": 60.0}, {"labels": "SBRAD"}, {"heart_rate": 80.0}]
    recordings = list(compose_recordings(source, conditions, seed=4))
    chunks = compose_windows(source, conditions, seed=4, batch_size=2)
    path = tmp_path / "made.parquet"
    write_windows(chunks, path, count=3)
    windows = read_windows(path)
    for i, recording in enumerate(recordings):
        np.testing.assert_array_equal(windows.signal[i], recording.signal_mv.astype(np.float32))
        beats = recording.beats()
        assert windows.beats[i] == list(zip(beats.sample.tolist(), beats.symbol.tolist(), strict=True))
    assert windows.index["seed"].tolist() == [4, 5, 6]
    assert [list(labels) for labels in windows.index["labels"]] == [["AFIB", "PVC"], ["SBRAD"], ["?"]]
    assert windows.index["rhythm"][0] == "atrial fibrillation occasional V"
    assert windows.index["heart_rate"][2] == 80
    (alone,) = compose_windows(source, conditions[1:2], seed=[5], leads=INDEPENDENT_LEADS)
    own = [STANDARD_LEADS.index(lead) for lead in INDEPENDENT_LEADS]
    np.testing.assert_array_equal(alone.signal[0], windows.signal[1][own])


@pytest.fixture(scope="module")
def model():
    """A model of beats of recordings with untrained weights."""
    config = replace(tiny("twelve-lead"), labels=("N", "S", "V", "MI", "AFIB", "SR", "PVC"))
    return Model(ConditionalDenoiser(config), "untrained")


def test_a_model_of_several_labels_is_a_source_of_beats(model):
    drawn = ModelBeats(model)
    assert drawn.symbols == {"N": "N", "S": "A", "V": "V"}
    assert drawn.numbers[:2] == ("age", "sex")
    conditions = {"labels": "MI", "age": 63.0}
    made = diffecg.compose(diffecg.Rhythm("atrial fibrillation"), 5.0, model=model, conditions=conditions)
    (again,) = compose_recordings(drawn, [conditions], 5.0, rhythm=diffecg.Rhythm("atrial fibrillation"))
    assert made.channel_names == STANDARD_LEADS
    assert made.info["labels"] == ["AFIB", "MI"]
    assert made.annotations == again.annotations
    table = pd.DataFrame(
        {
            "labels": ["SR+N", "SR+V"],
            "beat_label": ["N", "V"],
            "rr_before_s": [0.8, 0.5],
            "age": [60.0, np.nan],
        }
    )
    together = drawn.draw(table, [4, 4])
    np.testing.assert_allclose(drawn.draw(table.iloc[[1]], [4])[0], together[1], atol=1e-5)
    with pytest.raises(DiffecgError, match="does not generate beats of recordings"):
        ModelBeats(diffecg.load("mitbih-beat"))
