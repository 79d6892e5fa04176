"""Recording sets of several signals keep each in its unit, and say what they leave out."""

import json

import edfio
import numpy as np
import pandas as pd
import pytest

from diffecg.datasets.databases import DATABASES, database
from diffecg.datasets.options import PrepareOptions, RecordingSetOptions
from diffecg.datasets.prepare_recordings import prepare_recordings
from diffecg.datasets.recording_set import KIND_COLUMNS, RecordingSet, concatenate_sets
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording
from diffecg.signal.kinds import KINDS, SignalKind, register_kind
from diffecg.signal.pulses import pulses
from diffecg.signal.rpeaks import r_peaks_of_recording
from diffecg.signal.simulation import simulate_ecg

FS_HZ = 125.0
MONITOR = ("ecg", "ppg", "pressure", "respiration")
NAMES, UNITS = ("RESP", "ABP", "II", "PLETH", "V"), ("NU", "mmHg", "mV", "NU", "mV")


def options_of(*kinds, **changes):
    return RecordingSetOptions(
        database=database("own"), split="subjects", fs_hz=FS_HZ, **{"kinds": kinds, **changes}
    )


def signals(seed=0, duration_s=40.0):
    """Return a respiration, a pressure in mmHg, lead II, a PPG and lead V of one heart."""
    ecg = simulate_ecg(duration_s, FS_HZ, seed=seed)
    time_s = np.arange(len(ecg.signal_mv)) / FS_HZ
    pulse = np.zeros(len(time_s))
    for beat in ecg.sample:
        pulse += np.exp(-0.5 * ((time_s - beat / FS_HZ - 0.35) / 0.08) ** 2)
    breath = 0.2 * np.sin(2 * np.pi * 0.25 * time_s)
    return np.stack([breath, 70 + 50 * pulse, ecg.signal_mv, 0.4 * pulse, -0.5 * ecg.signal_mv])


def write(folder, name="a", signal=None, names=NAMES, units=UNITS):
    folder.mkdir(exist_ok=True)
    recording = Recording.from_arrays(
        signals() if signal is None else signal, FS_HZ, channel_names=names, units=units
    )
    write_recording(folder / f"{name}.csv", recording)
    return folder


def test_each_signal_is_kept_in_its_unit_and_resolution(tmp_path):
    recordings = prepare_recordings(write(tmp_path / "db"), tmp_path / "set", options_of(*MONITOR))
    found, signal = recordings.recording(0), signals()
    assert found.leads == ("II", "V", "PLETH", "ABP", "RESP")
    assert found.kinds == ("ecg", "ecg", "ppg", "pressure", "respiration")
    assert found.units == ("mV", "mV", "NU", "mmHg", "NU")
    for lead, row, step in zip(found.signal, (2, 4, 3, 1, 0), (1e-3, 1e-3, 1e-3, 1e-2, 1e-3), strict=True):
        assert np.abs(lead - signal[row]).max() < 0.51 * step
    assert np.abs(found.signal[3] - signal[1]).max() > 1e-3
    assert found.event_lead == "II"
    assert np.array_equal(found.r_peaks, r_peaks_of_recording(found.signal[0].astype(float), FS_HZ))
    with pytest.raises(DiffecgError, match=r"PLETH is in 'NU', which is not a voltage"):
        _ = found.signal_mv
    kinds = recordings.cards[0]["kinds"]
    assert kinds["pressure"] == {"unit": "mmHg", "steps_per_unit": 100}
    assert recordings.cards[0]["counts"][found.partition]["events"] == len(found.events) > 40


def test_signals_of_several_rates_are_brought_to_one(tmp_path):
    def breath(fs_hz):
        return 0.5 * np.sin(2 * np.pi * 0.25 * np.arange(round(60 * fs_hz)) / fs_hz)

    pressure = 90 + 40 * np.sin(2 * np.pi * 1.2 * np.arange(7500) / 125)
    (tmp_path / "db").mkdir()
    edfio.Edf(
        [
            edfio.EdfSignal(breath(25), 25, label="RESP", physical_dimension="NU", physical_range=(-1, 1)),
            edfio.EdfSignal(pressure, 125, label="ABP", physical_dimension="mmHg", physical_range=(0, 200)),
            edfio.EdfSignal(
                simulate_ecg(60.0, 250.0).signal_mv,
                250,
                label="ECG II",
                physical_dimension="mV",
                physical_range=(-5, 5),
            ),
        ]
    ).write(tmp_path / "db" / "night.edf")
    recordings = prepare_recordings(tmp_path / "db", tmp_path / "set", options_of(*MONITOR))
    found = recordings.recording(0)
    assert found.kinds == ("ecg", "pressure", "respiration")
    assert found.signal.shape == (3, 7500)
    assert np.abs(found.signal[1] - pressure).max() < 0.01
    assert np.abs(found.signal[2] - breath(125))[125:-125].max() < 0.01


def test_the_order_of_kinds_is_that_of_the_leads_after_the_ecg(tmp_path):
    folder = write(tmp_path / "db")
    leads = {
        kinds: prepare_recordings(folder, tmp_path / "-".join(kinds), options_of(*kinds)).recording(0).leads
        for kinds in (("pressure", "ecg"), ("respiration", "pressure"), ("ppg",))
    }
    assert leads == {
        ("pressure", "ecg"): ("II", "V", "ABP"),
        ("respiration", "pressure"): ("RESP", "ABP"),
        ("ppg",): ("PLETH",),
    }
    named = options_of("ecg", "pressure", leads=("V",))
    assert prepare_recordings(folder, tmp_path / "named", named).recording(0).leads == ("V", "ABP")


def test_units_are_converted_or_the_channel_is_left_out_with_the_reason(tmp_path):
    signal = signals()
    signal[1] /= 7.500617
    write(tmp_path / "db", signal=signal, units=("NU", "kPa", "uV", "mV", "V"))
    recordings = prepare_recordings(tmp_path / "db", tmp_path / "set", options_of(*MONITOR))
    found = recordings.recording(0)
    assert found.leads == ("II", "V", "ABP", "RESP")
    assert np.abs(found.signal[2] - signals()[1]).max() < 0.0051
    assert np.nanmax(np.abs(found.signal[0] - signal[2] / 1000)) < 0.00051
    assert recordings.index["clipped"].tolist() == [(np.abs(signal[4]) > 0.0327675).sum()]
    (note,) = (note for note in recordings.cards[0]["notes"] if "PLETH" in note)
    assert note == "PLETH left out: mV cannot be converted to NU, the unit of ppg (a.csv)"


def test_the_events_of_a_recording_without_an_ecg_are_pulses(tmp_path):
    folder = write(tmp_path / "db")
    recordings = prepare_recordings(folder, tmp_path / "set", options_of("ppg", "pressure"))
    found = recordings.recording(0)
    assert found.event_lead == "PLETH"
    assert np.array_equal(found.events, pulses(found.signal[0].astype(float), FS_HZ))
    with pytest.raises(DiffecgError, match=r"no R peaks: its events are those of PLETH; use \.events"):
        _ = found.r_peaks
    flat = signals()
    flat[3], flat[2], flat[4] = 0.3, np.nan, 0.0
    write(tmp_path / "flat", signal=flat)
    lost = prepare_recordings(tmp_path / "flat", tmp_path / "lost", options_of(*MONITOR)).recording(0)
    assert lost.event_lead == "ABP"
    assert np.isnan(lost.signal[:3]).all()


def test_a_recording_of_signals_without_events_is_kept(tmp_path):
    signal = 20 * np.random.default_rng(0).standard_normal((2, 2500))
    write(tmp_path / "db", signal=signal, names=("EEG Fpz-Cz", "EMG chin"), units=("uV", "mV"))
    recordings = prepare_recordings(tmp_path / "db", tmp_path / "set", options_of("eeg", "emg"))
    found = recordings.recording(0)
    assert (found.kinds, found.units) == (("eeg", "emg"), ("uV", "uV"))
    assert (found.event_lead, len(found.events)) == ("", 0)
    assert np.abs(found.signal_mv[0] - signal[0] / 1000).max() < 0.000051
    assert np.abs(found.signal_mv[1]).max() == pytest.approx(32767 / 2000)
    with pytest.raises(DiffecgError, match="those of no lead"):
        _ = found.r_peaks
    with pytest.raises(DiffecgError, match=r"no recording is left \(no channel of the kinds ppg\)"):
        prepare_recordings(tmp_path / "db", tmp_path / "none", options_of("ppg"))


def test_a_set_of_ecg_is_stored_as_before(tmp_path):
    folder = write(tmp_path / "db")
    ecg = prepare_recordings(folder, tmp_path / "ecg", options_of("ecg"))
    assert not set(KIND_COLUMNS) & set(pd.read_parquet(tmp_path / "ecg" / "recordings.parquet"))
    assert "kinds" not in ecg.cards[0]
    assert "kinds" not in json.loads((tmp_path / "ecg" / "settings.json").read_text())
    found = ecg.recording(0)
    assert (found.kinds, found.units) == (("ecg", "ecg"), ("mV", "mV"))
    assert found.signal_mv.dtype == np.float32
    assert np.array_equal(found.signal, found.signal_mv)
    several = prepare_recordings(folder, tmp_path / "several", options_of(*MONITOR))
    both = concatenate_sets([ecg, several])
    assert [recording.kinds for recording in (both.recording(0), both.recording(1))] == [
        ("ecg", "ecg"),
        ("ecg", "ecg", "ppg", "pressure", "respiration"),
    ]
    assert np.array_equal(both.recording(1).signal[:2], found.signal)
    assert np.array_equal(both.recording(1).r_peaks, found.r_peaks)
    assert RecordingSet.open(tmp_path / "several").fingerprint("train")


def test_an_invented_kind_is_stored_like_the_others(tmp_path):
    before = dict(KINDS)
    try:
        register_kind(
            SignalKind(
                name="lactate", unit="mM", words="lac", plausible=(0, 30), steps_per_unit=1000, smallest_sd=0
            )
        )
        signal = np.stack([signals()[2], np.linspace(1, 4, len(signals()[2]))])
        write(tmp_path / "db", signal=signal, names=("II", "Lac"), units=("mV", "mM"))
        recordings = prepare_recordings(tmp_path / "db", tmp_path / "set", options_of("ecg", "lactate"))
    finally:
        KINDS.clear()
        KINDS.update(before)
    found = recordings.recording(0)  # the registry is not needed to read a set
    assert (found.kinds, found.units) == (("ecg", "lactate"), ("mV", "mM"))
    assert np.abs(found.signal[1] - signal[1]).max() < 0.00051


def test_other_kinds_are_other_settings(tmp_path, monkeypatch):
    folder = write(tmp_path / "db")
    monkeypatch.setattr("diffecg.datasets.prepare_recordings.make_card", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        prepare_recordings(folder, tmp_path / "set", options_of("ecg", "ppg"))
    with pytest.raises(DiffecgError, match="different settings"):
        prepare_recordings(folder, tmp_path / "set", options_of("ecg"))


def test_the_command_line_takes_kinds(tmp_path, run):
    folder = write(tmp_path / "db")
    command = ("prepare", "own", "--from", folder)
    status, out, err = run(*command, "--preset", "monitor", "--out", tmp_path / "monitor", "--json")
    assert status == 0, err
    assert list(json.loads(out)["kinds"]) == list(MONITOR)
    assert RecordingSet.open(tmp_path / "monitor").fs_hz == 125
    status, out, err = run(
        *command, "--preset", "imputation", "--kind", "ecg, pressure", "--out", tmp_path / "two"
    )
    assert status == 0, err
    two = RecordingSet.open(tmp_path / "two")
    assert (two.fs_hz, two.recording(0).kinds) == (100, ("ecg", "ecg", "pressure"))
    for arguments, message in (
        (("--preset", "monitor", "--kind", "pulse"), "unknown signal kind 'pulse'; choose one of ecg"),
        (("--preset", "monitor", "--kind", "ppg", "--lead", "II"), "add ecg to --kind"),
        (("--preset", "beat", "--lead", "II", "--kind", "ecg"), "choose the preset imputation or monitor"),
    ):
        status, _, err = run(*command, *arguments, "--out", tmp_path / "x")
        assert status == 1
        assert message in err
    with pytest.raises(DiffecgError, match="whole recordings, not windows"):
        PrepareOptions(preset="monitor").window(DATABASES["own"])
