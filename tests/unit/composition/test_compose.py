"""Composed recordings: given beats, one subject, no jumps, known noise."""

import json
import shutil

import neurokit2 as nk
import numpy as np
import pytest
import wfdb

import diffecg
from diffecg.composition.autoregression import autoregressive_noise
from diffecg.composition.basic_rhythms import ONSET_S
from diffecg.composition.noise import NoiseInterval, with_noise
from diffecg.composition.recording import compose
from diffecg.composition.subject import sample_subject
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.formats.sheet import recording_sheet
from diffecg.signal.noise import add_noise

FS_HZ = 360.0


@pytest.fixture(scope="module")
def model():
    return diffecg.load("mitbih-beat")


@pytest.fixture(scope="module")
def minute(model):
    """A minute of one subject."""
    return compose(diffecg.Rhythm("N*5 V N*5 S", 70), 60, model=model, seed=3, subject_seed=2)


@pytest.fixture(scope="module")
def noises(tmp_path_factory):
    """Recordings with the names of the noise stress test database."""
    folder = tmp_path_factory.mktemp("nstdb")
    rng = np.random.default_rng(0)
    for name in ("bw", "ma", "em"):
        wander = np.cumsum(rng.standard_normal((7200, 2)), axis=0) * 0.01
        wfdb.wrsamp(
            name, FS_HZ, ["mV", "mV"], ["noise1", "noise2"], wander, fmt=["16", "16"], write_dir=str(folder)
        )
    return folder


def test_variations_keep_details_larger_than_the_noise(model):
    beat = model.generate("V", seed=5).signal_mv[0]
    spreads = []
    for strength in (0.3, 1.0, 4.0):
        made = model.vary(beat, "V", 24, seed=1, strength=strength).signal_mv
        spreads.append(np.sqrt(np.square(made - beat).mean()))
        likeness = [np.corrcoef(one[0], beat[0])[0, 1] for one in made]
        assert np.median(likeness) > 0.95
    assert spreads == sorted(spreads)
    assert spreads[2] > 2 * spreads[0]


def test_a_variation_depends_on_its_beat_and_seed_only(model):
    beats = model.generate(["N", "V"], 2, seed=9).signal_mv
    both = model.vary(beats, ["N", "V"], 2, seed=4).signal_mv
    alone = model.vary(beats[1], "V", 1, seed=5).signal_mv
    assert np.allclose(both[1], alone[0], atol=1e-5)
    same = model.vary(beats[0], "N", 3, seed=4, batch_size=1).signal_mv
    assert np.allclose(same[0], both[0], atol=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"signal_mv": np.zeros((1, 255))}, "must be finite and"),
        ({"signal_mv": np.full((1, 256), np.nan)}, "must be finite"),
        ({"strength": 0.0}, "strength 0 must be above 0"),
        ({"strength": 1e6}, "not above 100"),
        ({"label": "X"}, "unknown label 'X'"),
        ({"count": 0}, "count 0"),
    ],
)
def test_invalid_variations_are_refused(model, change, words):
    with pytest.raises(DiffecgError, match=words):
        model.vary(**{"signal_mv": np.zeros((1, 256)), "label": "N", **change})


def test_every_beat_is_at_its_given_time(minute):
    peaks = nk.ecg_findpeaks(nk.ecg_clean(minute.signal_mv[0], 360), 360)["ECG_R_Peaks"]
    samples = minute.beats().sample
    off = np.abs(samples[:, None] - peaks).min(axis=1)
    assert np.mean(off <= 0.075 * FS_HZ) > 0.97
    assert len(peaks) == pytest.approx(len(samples), abs=2)
    asked = diffecg.Rhythm("N*5 V N*5 S", 70).beats(60, seed=3)
    assert minute.beats().symbol.tolist() == [label for _, label in asked]
    assert np.abs(samples - FS_HZ * np.array([t for t, _ in asked])).max() <= 0.5


def test_a_subject_has_one_morphology(minute, model):
    def beats(recording, label):
        signal = recording.signal_mv[0]
        found = recording.beats()
        inner = [s for s in found.sample[found.symbol == label] if 36 <= s < len(signal) - 36]
        return np.stack([signal[s - 36 : s + 36] for s in inner])

    normal = beats(minute, "N")
    assert np.median([np.corrcoef(one, normal.mean(axis=0))[0, 1] for one in normal]) > 0.97
    assert len(np.unique(normal.round(4), axis=0)) == len(normal)  # no two beats are identical
    again = compose(diffecg.Rhythm("N*5 V N*5 S", 70), 60, model=model, seed=8, subject_seed=2)
    assert np.corrcoef(beats(again, "V").mean(axis=0), beats(minute, "V").mean(axis=0))[0, 1] > 0.97
    subjects = [sample_subject(model, seed).beats_mv["N"] for seed in range(6)]
    likeness = np.corrcoef(np.stack([one[0, 92:164] for one in subjects]))
    assert likeness.min() < 0.9  # subjects differ


def test_beats_of_a_subject_fit_together(model):
    for seed in range(4):
        beats = sample_subject(model, seed).beats_mv
        core = slice(100, 180)
        apart = {x: np.abs(beats[x] - beats["N"])[..., core].mean() for x in "SV"}
        assert apart["S"] < apart["V"]
        assert 0.4 < np.ptp(beats["V"]) / np.ptp(beats["N"]) < 2.5


def test_the_signal_is_continuous_between_beats(minute):
    signal = minute.signal_mv[0]
    beats = minute.beats().sample
    onsets = np.array([round(FS_HZ * ONSET_S[label]) for label in minute.beats().symbol])
    borders = (beats - onsets)[1:]
    steps = np.abs(np.diff(signal))
    near = np.concatenate([steps[b - 12 : b + 12] for b in borders])
    qrs = np.concatenate([steps[max(b - 18, 0) : b + 18] for b in beats])
    assert near.max() < np.quantile(qrs, 0.9)
    assert np.quantile(near, 0.99) < 0.05


@pytest.mark.parametrize("interval_s", [0.25, 0.4, 0.711, 0.72, 3.0])
def test_intervals_may_be_short_or_long(model, interval_s):
    beats = [(1.0 + i * interval_s, "NV"[i % 2]) for i in range(6)]
    made = compose(beats, model=model, seed=1)
    assert made.samples == round((beats[-1][0] + 1) * FS_HZ)
    assert np.isfinite(made.signal_mv).all()
    assert np.abs(np.diff(made.signal_mv)).max() < 1.0
    for sample in made.beats().sample:
        assert np.ptp(made.signal_mv[0, sample - 20 : sample + 20]) > 0.3


def test_noise_has_the_spectrum_of_quiet_segments():
    rng = np.random.default_rng(0)
    white = rng.standard_normal((400, 1, 64))
    red = np.cumsum(white, axis=2) * 0.1
    for quiet in (white, 0.3 * (white + np.roll(white, 1, axis=2))):
        made = autoregressive_noise(quiet, 40_000, np.random.default_rng(1))[0]
        assert made.std() == pytest.approx(quiet.std(), rel=0.1)
        alike = [np.mean(x[..., 1:] * x[..., :-1]) / np.mean(x**2) for x in (quiet, made)]
        assert alike[0] == pytest.approx(alike[1], abs=0.07)
    assert np.isfinite(autoregressive_noise(red, 1000, rng)).all()
    assert not autoregressive_noise(np.zeros((3, 1, 40)), 100, rng).max() > 1e-5


def test_noise_has_the_given_ratio(minute, noises):
    rng = np.random.default_rng(0)
    signal, noise = rng.standard_normal((1, 500)), 7 + rng.standard_normal((1, 500))
    added = add_noise(signal, noise, 6.0) - signal
    assert 10 * np.log10(signal.var() / added.var()) == pytest.approx(6)
    noisy = with_noise(minute, [NoiseInterval(kind="em", snr_db=0.0, start_s=10.0, stop_s=20.0)], noises)
    inside = slice(3600, 7200)
    change = noisy.signal_mv - minute.signal_mv
    ratio = 10 * np.log10(minute.signal_mv[0, inside].var() / change[0, inside].var())
    assert ratio == pytest.approx(0, abs=0.01)
    assert np.abs(np.delete(change, np.arange(3600, 7200), axis=1)).max() == 0
    comments = [(note.sample(noisy.fs_hz), note.text) for note in noisy.annotations if note.symbol == '"']
    assert comments == [(3600, "electrode motion, 0 dB"), (7200, "electrode motion ends")]
    assert [note for note in noisy.annotations if note.symbol != '"'] == list(minute.annotations)


def test_invalid_compositions_are_refused(model):
    for beats, words in (
        ([], "no beats to compose"),
        ([(1.0, "X")], "unknown label 'X'"),
        ([(1.0, "N"), (1.1, "N")], "shortest interval"),
        ([(-1.0, "N")], "outside the recording"),
    ):
        with pytest.raises(DiffecgError, match=words):
            compose(beats, model=model)
    with pytest.raises(DiffecgError, match="duration_s is required"):
        compose(diffecg.Rhythm("N"), model=model)
    with pytest.raises(DiffecgError, match="imputes and forecasts"):
        compose([(1.0, "N")], model="mitbih-strip")


def test_the_command_writes_wfdb_records(run, tmp_path, noises):
    command = ["compose", "N*3 V", "--minutes", 0.5, "--seed", 7, "--heart-rate", 80, "--threads", 1]
    command += ["--noise", "ma:6:5:10", "--noise-from", noises]
    status, out, err = run(*command, "--out", tmp_path / "one", "--json")
    assert status == 0, err
    card = json.loads(out)
    recording = wfdb.rdrecord(str(tmp_path / "one" / "one"))
    notes = wfdb.rdann(str(tmp_path / "one" / "one"), "atr")
    assert recording.fs == 360
    assert recording.sig_name == ["MLII"]
    assert len(recording.p_signal) == 30 * 360
    beats = [symbol for symbol in notes.symbol if symbol in "NSVF"]
    assert {x: beats.count(x) for x in set(beats)} == card["beats"]
    assert "muscle artefact, 6 dB" in [text.strip("\x00") for text in notes.aux_note]
    assert (tmp_path / "one" / "rhythm.png").stat().st_size > 20_000
    assert run(*command, "--out", tmp_path / "two" / "one")[0] == 0
    for name in ("one.dat", "one.atr", "one.hea"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / "one" / name).read_bytes()


def test_sheets_of_other_formats_are_marked_as_synthetic(run, tmp_path):
    command = ["compose", "sinus rhythm bigeminy", "--minutes", 0.1, "--threads", 1, "--format", "edf"]
    assert run(*command, "--out", tmp_path / "one")[0] == 0
    recording = read_recording(tmp_path / "one" / "one.edf")
    assert not recording.comments
    assert recording_sheet(recording).is_synthetic
    shutil.copy(tmp_path / "one" / "one.edf", tmp_path / "one" / "other.edf")
    assert not recording_sheet(read_recording(tmp_path / "one" / "other.edf")).is_synthetic
    (tmp_path / "one" / "card.json").write_text("{")
    assert not recording_sheet(recording).is_synthetic


def test_comments_state_the_rhythm(run, tmp_path):
    status, _, err = run("compose", "N*3 V", "--minutes", 0.1, "--threads", 1, "--out", tmp_path / "one")
    assert status == 0, err
    assert "rhythm: N*3 V" in read_recording(tmp_path / "one" / "one").comments


def test_draws_have_the_same_beats(run, tmp_path):
    command = [
        "compose",
        "like:119",
        "--minutes",
        0.2,
        "--draws",
        2,
        "--format",
        "csv",
        "--out",
        tmp_path / "made",
    ]
    assert run(*command)[0] == 0
    one, two = (diffecg.read_recording(tmp_path / "made" / f"made_{i}.csv") for i in range(2))
    assert one.annotations == two.annotations
    assert len(one.annotations) > 5
    assert np.abs(one.signal_mv - two.signal_mv).max() > 0.01


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["N*8 bigemny"], "'bigemny' at character 5"),
        ([""], "the rhythm is empty"),
        (["like:100"], "no RR statistics of record '100'"),
        (["N", "--minutes", 0], "must be above 0"),
        (["N", "--heart-rate", 400], "heart rate 400"),
        (["N", "--noise", "em:6"], "--noise-from"),
        (["N", "--draws", 0], "draws 0"),
        (["N", "--seed", -1], "seed -1"),
        (["N", "--subject-seed", -1], "subject_seed -1"),
        (["N", "--model", "mitbih-strip"], "imputes and forecasts"),
    ],
)
def test_the_command_reports_errors_in_one_line(run, tmp_path, arguments, words):
    status, _, err = run("compose", *arguments, "--out", tmp_path / "out")
    assert status == 1
    assert words in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
