"""Recording sets hold what the files hold, whole, and survive interruptions; PTB-XL is read as released."""

import json

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg
from hypothesis import given, settings
from hypothesis import strategies as st

from diffecg.datasets import prepare_recordings as maker
from diffecg.datasets import recording_set_writer
from diffecg.datasets.databases import DATABASES, Database, database
from diffecg.datasets.options import PrepareOptions, RecordingSetOptions
from diffecg.datasets.physionet import download
from diffecg.datasets.prepare import prepare
from diffecg.datasets.ptbxl import subject_table
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.recording_set import RecordingSet, concatenate_sets
from diffecg.datasets.recording_set_writer import from_steps, to_steps
from diffecg.datasets.subject_table import SubjectTable
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording, write_recording
from diffecg.signal.resampling import interpolate_gaps, resample
from diffecg.signal.rpeaks import detect_r_peaks, r_peaks_of_recording

LEADS = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]
RECORDS = {
    1: (1, "NORM", 101),
    2: (8, "IMI", 102),
    3: (9, "SR", 103),
    4: (10, "LVH", 104),
    5: (8, "IMI", 102),
}
"""Fold, statement and patient of each recording of a small PTB-XL."""


def make_ptbxl(folder, rates=(100, 500)):
    """Write a folder in the layout of PTB-XL."""
    rows = []
    for number, (fold, code, patient) in RECORDS.items():
        names = {
            rate: f"records{rate}/00000/{number:05d}_{'lr' if rate == 100 else 'hr'}" for rate in (100, 500)
        }
        for rate in rates:
            signal, _, _ = make_ecg(number, duration_s=10.0, fs_hz=rate)
            path = folder / names[rate]
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = np.outer(np.rint(1000 * signal), np.linspace(-1, 1, 12)).round() / 1000
            wfdb.wrsamp(
                path.name, rate, ["mV"] * 12, LEADS, samples, fmt=["16"] * 12, adc_gain=[1000.0] * 12,
                baseline=[0] * 12, write_dir=str(path.parent),
            )  # fmt: skip
        rows.append(
            {
                "ecg_id": number,
                "patient_id": float(patient),
                "scp_codes": str({code: 100.0, "SR": 0.0}),
                "strat_fold": fold,
                "filename_lr": names[100],
                "filename_hr": names[500],
            }
        )
    pd.DataFrame(rows).to_csv(folder / "ptbxl_database.csv", index=False)
    classes = {"NORM": "NORM", "IMI": "MI", "LVH": "HYP", "SR": ""}
    table = pd.DataFrame({"": classes.keys(), "diagnostic_class": classes.values()})
    table.to_csv(folder / "scp_statements.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def ptbxl(tmp_path_factory):
    return make_ptbxl(tmp_path_factory.mktemp("ptb-xl"))


def options_of(name, split, **changes):
    return RecordingSetOptions(database=database(name), split=split, fs_hz=100.0, **changes)


PTBXL, OWN = options_of("ptbxl", "folds"), options_of("own", "subjects")


def own_folder(folder, **signals):
    """Write recordings of lead II and V1 at 250 Hz."""
    folder.mkdir()
    for name, signal in signals.items():
        write_recording(
            folder / f"{name}.edf", Recording.from_arrays(signal, 250.0, channel_names=("II", "V1"))
        )
    return folder


def two_leads(seed=0, duration_s=20.0):
    signal = make_ecg(seed, duration_s=duration_s, fs_hz=250.0)[0]
    return np.stack([signal, -0.5 * signal])


def test_ptbxl_is_read_by_its_table(ptbxl, tmp_path):
    recordings = maker.prepare_recordings(ptbxl, tmp_path / "set", PTBXL)
    assert recordings.index["recording"].tolist() == [f"records100/00000/{n:05d}_lr" for n in RECORDS]
    assert recordings.index["partition"].tolist() == ["train", "train", "validation", "test", "train"]
    assert recordings.index["subject"].tolist() == ["101", "102", "103", "104", "102"]
    assert [list(labels) for labels in recordings.index["labels"]] == [["NORM"], ["MI"], [], ["HYP"], ["MI"]]
    for number, row in enumerate(recordings.index.itertuples()):
        truth = wfdb.rdrecord(str(ptbxl / row.recording))
        recording = recordings.recording(number)
        assert recording.leads == tuple(LEADS) == tuple(truth.sig_name)
        assert np.array_equal(recording.signal_mv, truth.p_signal.T.astype(np.float32))
        assert set(row.flat_leads) == set()
        assert (np.abs(np.sort(recording.r_peaks) - recording.r_peaks) == 0).all()
    assert len(recordings.select(partition="train")) == 3
    assert recordings.cards[0]["label_map"] == "ptbxl-superclasses"
    with pytest.raises(DiffecgError, match="available: test, train, validation"):
        recordings.select(partition="strict")


@pytest.mark.parametrize(
    ("present", "fs_hz", "used"),
    [((100, 500), 100.0, 100), ((100, 500), 250.0, 500), ((500,), 100.0, 500), ((100,), 360.0, 100)],
)
def test_the_lowest_sufficient_rate_is_used(present, fs_hz, used, tmp_path):
    names = subject_table(RecordingFolder(make_ptbxl(tmp_path, present)), fs_hz).subjects
    assert all(name.startswith(f"records{used}/") for name in names)


def test_a_copy_of_ptbxl_that_is_not_the_release_is_refused(tmp_path):
    with pytest.raises(DiffecgError, match=r"no ptbxl_database\.csv.*--from"):
        maker.prepare_recordings(tmp_path, tmp_path / "set", PTBXL)
    make_ptbxl(tmp_path, (100,))
    table = pd.read_csv(tmp_path / "ptbxl_database.csv")
    table.assign(patient_id=101.0).to_csv(tmp_path / "ptbxl_database.csv", index=False)
    with pytest.raises(DiffecgError, match="patient 101 in the partitions validation and train"):
        maker.prepare_recordings(tmp_path, tmp_path / "set", PTBXL)
    table.assign(strat_fold=11).to_csv(tmp_path / "ptbxl_database.csv", index=False)
    with pytest.raises(DiffecgError, match="fold 11"):
        maker.prepare_recordings(tmp_path, tmp_path / "set", PTBXL)
    table.to_csv(tmp_path / "ptbxl_database.csv", index=False)
    with_subjects = options_of("ptbxl", "folds", subjects=SubjectTable.of_recordings(["a"]))
    with pytest.raises(DiffecgError, match="defines its own subjects"):
        maker.prepare_recordings(tmp_path, tmp_path / "set", with_subjects)
    (tmp_path / "records100").rename(tmp_path / "other")
    with pytest.raises(DiffecgError, match="neither records100 nor records500"):
        maker.prepare_recordings(tmp_path, tmp_path / "set", PTBXL)


def test_ptbxl_gives_no_beats(ptbxl):
    beat = PrepareOptions().window(DATABASES["ptbxl"])
    with pytest.raises(DiffecgError, match="no annotated beats"):
        prepare(ptbxl, beat, split_name="folds")


@given(st.lists(st.floats(-40, 40) | st.just(float("nan")), min_size=1, max_size=30))
def test_storage_keeps_microvolts_gaps_and_says_what_it_clips(values):
    signal = np.array([values])
    stored, clipped = to_steps(signal)
    back = from_steps(stored)
    assert np.array_equal(np.isnan(back), np.isnan(signal))
    inside = np.abs(signal) <= 32.767
    assert (np.abs(back - signal)[inside] <= 0.000_500_1).all()
    beyond = np.abs(signal) >= 32.7676
    assert clipped[0] == beyond.sum() or (np.abs(signal) > 32.767).sum() >= clipped[0] > 0
    assert (np.abs(back[beyond]) == 32.767).all()


def test_gaps_stay_gaps_and_void_nothing_else(tmp_path):
    signal = two_leads()
    signal[0, 2500:3000] = np.nan
    signal[1] = np.nan
    np.savez(tmp_path / "a.npz", signal=signal, fs_hz=250.0, lead_names=["II", "V1"])
    (tmp_path / "db").mkdir()
    recording = Recording.from_arrays(signal, 250.0, channel_names=("II", "V1"))
    write_recording(tmp_path / "db" / "a.csv", recording)
    recordings = maker.prepare_recordings(tmp_path / "db", tmp_path / "set", OWN)
    found, row = recordings.recording(0), recordings.index.iloc[0]
    missing = np.flatnonzero(np.isnan(found.signal_mv[0]))
    assert (missing.min(), missing.max()) == (pytest.approx(1000, abs=1), pytest.approx(1200, abs=1))
    assert np.isnan(found.signal_mv[1]).all()
    assert (list(row["flat_leads"]), row["peak_lead"], row["missing"]) == (["V1"], "II", len(missing))
    expected = resample(interpolate_gaps(signal[0]), 250.0, 100.0)
    assert np.nanmax(np.abs(found.signal_mv[0] - expected)) < 0.0011
    assert not np.isin(found.r_peaks, missing).any()


def test_what_is_no_ecg_recording_is_left_out_and_listed(tmp_path):
    folder = own_folder(tmp_path / "db", a=two_leads(), short=two_leads()[:, :1000], flat=np.ones((2, 5000)))
    eeg = Recording.from_arrays(two_leads(), 250.0, channel_names=("EEG Fpz-Cz", "EMG chin"))
    write_recording(folder / "sleep.edf", eeg)
    recordings = maker.prepare_recordings(folder, tmp_path / "set", OWN)
    assert recordings.index["recording"].tolist() == ["a.edf"]
    skipped = recordings.cards[0]["skipped"]
    assert {name: reason.split()[0] for name, reason in skipped.items()} == {
        "short.edf": "shorter",
        "flat.edf": "all",
        "sleep.edf": "no",
    }
    notes = " ".join(recordings.cards[0]["notes"])
    assert "left out: shorter than 5 s (short.edf)" in notes
    assert "--subjects FILE" in notes
    (folder / "a.edf").unlink()
    with pytest.raises(DiffecgError, match="no recording is left"):
        maker.prepare_recordings(folder, tmp_path / "none", OWN)


def test_channels_that_are_no_voltage_are_left_out(tmp_path):
    (tmp_path / "db").mkdir()
    signal = np.vstack([two_leads(), 80 + 10 * two_leads()[:1], two_leads()[:1]])
    recording = Recording.from_arrays(
        signal, 250.0, channel_names=("II", "V", "ABP", "PLETH"), units=("mV", "mV", "mmHg", "NU")
    )
    write_recording(tmp_path / "db" / "a", recording)
    assert maker.prepare_recordings(tmp_path / "db", tmp_path / "set", OWN).recording(0).leads == ("II", "V")
    named = maker.prepare_recordings(
        tmp_path / "db", tmp_path / "one", options_of("own", "subjects", leads=("V",))
    )
    assert named.recording(0).leads == ("V",)


def test_an_interrupted_set_is_continued(tmp_path, monkeypatch):
    folder = own_folder(tmp_path / "db", **{name: two_leads(seed) for seed, name in enumerate("abcd")})
    whole, out = tmp_path / "whole", tmp_path / "set"
    maker.prepare_recordings(folder, whole, OWN)
    monkeypatch.setattr(recording_set_writer, "COMMIT_S", 0.0)
    read, calls = maker.read_recording, []

    def stop_at_third(path, **options):
        calls.append(path.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return read(path, **options)

    monkeypatch.setattr(maker, "read_recording", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        maker.prepare_recordings(folder, out, OWN)
    with pytest.raises(DiffecgError, match="not a finished recording set"):
        RecordingSet.open(out)
    with pytest.raises(DiffecgError, match="different settings"):
        maker.prepare_recordings(folder, out, options_of("own", "subjects", leads=("II",)))
    # As if the process had been killed while it wrote the third recording and the journal.
    with (out / "signal.int16").open("ab") as file:
        file.write(b"part of a recording")
    with (out / "journal.jsonl").open("a") as file:
        file.write('{"recording": "c.edf", "off')
    maker.prepare_recordings(folder, out, OWN)
    assert calls == ["a.edf", "b.edf", "c.edf", "c.edf", "d.edf"]
    for name in ("signal.int16", "r_peaks.npy", "recordings.parquet", "card.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    with pytest.raises(DiffecgError, match="--force"):
        maker.prepare_recordings(folder, out, OWN)
    assert len(maker.prepare_recordings(folder, out, OWN, force=True)) == 4


def test_a_journal_without_its_samples_is_not_believed(tmp_path, monkeypatch):
    folder = own_folder(tmp_path / "db", a=two_leads(), b=two_leads(1))
    monkeypatch.setattr(recording_set_writer, "COMMIT_S", 0.0)
    monkeypatch.setattr(recording_set_writer.RecordingSetWriter, "finish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        maker.prepare_recordings(folder, tmp_path / "set", OWN)
    monkeypatch.undo()
    signal = tmp_path / "set" / "signal.int16"
    signal.write_bytes(signal.read_bytes()[:-100])
    recordings = maker.prepare_recordings(folder, tmp_path / "set", OWN)
    expected = resample(two_leads(1), 250.0, 100.0)
    assert np.abs(recordings.recording(1).signal_mv - expected).max() < 0.0011


def test_damaged_or_other_folders_are_refused(tmp_path):
    folder = own_folder(tmp_path / "db", a=two_leads())
    out = tmp_path / "set"
    maker.prepare_recordings(folder, out, OWN)
    with pytest.raises(DiffecgError, match="no folder"):
        RecordingSet.open(tmp_path / "nowhere")
    (out / "signal.int16").write_bytes((out / "signal.int16").read_bytes()[:-2])
    with pytest.raises(DiffecgError, match="does not fit"):
        RecordingSet.open(out)
    card = json.loads((out / "card.json").read_text())
    (out / "card.json").write_text(json.dumps({**card, "content": "windows"}))
    with pytest.raises(DiffecgError, match="not that of a recording set"):
        RecordingSet.open(out)
    with pytest.raises(DiffecgError, match="is not empty and not a recording set"):
        maker.prepare_recordings(folder, folder, OWN)


def test_sets_of_several_databases_are_concatenated(ptbxl, tmp_path):
    folder = own_folder(tmp_path / "db", a=two_leads(), b=two_leads(1, duration_s=31.0))
    first = maker.prepare_recordings(ptbxl, tmp_path / "ptbxl", PTBXL).select(partition="train")
    second = maker.prepare_recordings(folder, tmp_path / "own", OWN)
    both = concatenate_sets([first, second, first])
    assert len(both) == 2 * len(first) + 2
    assert len(both.select(database="own")) == 2
    for number, (source, index) in enumerate([(first, 0), (first, 1), (first, 2), (second, 0), (second, 1)]):
        ours, theirs = both.recording(number), source.recording(index)
        assert ours.name == theirs.name
        assert np.array_equal(ours.signal_mv, theirs.signal_mv)
        assert np.array_equal(ours.r_peaks, theirs.r_peaks)
    last = both.select(database="ptbxl").recording(5)
    assert np.array_equal(last.signal_mv, first.recording(2).signal_mv)
    slow = maker.prepare_recordings(
        folder, tmp_path / "slow", RecordingSetOptions(database=database("own"), split="subjects", fs_hz=50.0)
    )
    with pytest.raises(DiffecgError, match="50 and 100 Hz"):
        concatenate_sets([second, slow])


def test_r_peaks_do_not_depend_on_the_chunks(tmp_path, monkeypatch):
    folder = own_folder(tmp_path / "db", a=two_leads(duration_s=200.0))
    whole = maker.prepare_recordings(folder, tmp_path / "whole", OWN).recording(0)
    monkeypatch.setattr(maker, "CHUNK_S", 70.0)
    parts = maker.prepare_recordings(folder, tmp_path / "parts", OWN).recording(0)
    assert np.array_equal(parts.r_peaks, whole.r_peaks)


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.sampled_from([100.0, 250.0]), st.sampled_from([0.2, 1.0, 5.0]))
def test_r_peaks_are_at_the_beats_whatever_the_amplitude(seed, fs_hz, last):
    signal, beats, symbols = make_ecg(seed, duration_s=60.0, fs_hz=fs_hz)
    signal = signal * np.geomspace(1, last, len(signal))
    peaks = r_peaks_of_recording(signal, fs_hz)
    normal = beats[np.isin(symbols, ["N", "L"])]
    distance = np.abs(peaks[:, None] - normal).min(axis=0) / fs_hz
    assert (distance <= 0.05).mean() > 0.97
    assert (r_peaks_of_recording(np.zeros(1000), fs_hz)).size == 0
    gap = signal.copy()
    gap[:] = np.nan
    assert r_peaks_of_recording(gap, fs_hz).size == 0
    assert abs(len(detect_r_peaks(signal[: int(8 * fs_hz)], fs_hz)) - (peaks < 8 * fs_hz).sum()) <= 2


def test_r_peaks_of_real_recordings_are_at_the_annotated_beats(mitdb):
    found = total = matched = 0
    for name in ("101", "223"):  # of DS1
        recording = read_recording(mitdb / name)
        lead = resample(recording.lead_mv(recording.default_lead()), recording.fs_hz, 100.0)
        peaks = r_peaks_of_recording(lead, 100.0) / 100
        beats = recording.beats().sample / recording.fs_hz
        matched += (np.abs(peaks[:, None] - beats).min(axis=0) <= 0.05).sum()
        found, total = found + len(peaks), total + len(beats)
    assert matched / total > 0.98
    assert matched / found > 0.95


def test_a_recording_of_mitdb_is_whole(mitdb, tmp_path):
    (tmp_path / "db").mkdir()
    for name in ("101", "100"):
        for suffix in (".hea", ".dat", ".atr"):
            (tmp_path / "db" / f"{name}{suffix}").symlink_to(mitdb / f"{name}{suffix}")
    recordings = maker.prepare_recordings(tmp_path / "db", tmp_path / "set", options_of("mitdb", "strict"))
    assert recordings.index["partition"].tolist() == ["test", "train"]
    truth = wfdb.rdrecord(str(mitdb / "100")).p_signal.T
    found = recordings.recording(0)
    assert np.abs(found.signal_mv - resample(truth, 360, 100.0)).max() < 0.0006
    assert found.leads == ("MLII", "V5")


def test_the_command_line_writes_a_set(ptbxl, tmp_path, run):
    status, out, err = run(
        "prepare", "ptbxl", "--from", ptbxl, "--preset", "imputation", "--out", tmp_path / "set", "--json"
    )
    assert status == 0, err
    assert json.loads(out)["counts"]["train"]["recordings"] == 3
    assert len(RecordingSet.open(tmp_path / "set")) == 5
    for arguments, message in (
        (("--length", "500"), "leave out --length"),
        (("--split", "strict"), "no split 'strict'"),
    ):
        status, _, err = run(
            "prepare", "ptbxl", "--from", ptbxl, "--preset", "imputation", "--out", tmp_path / "x", *arguments
        )
        assert status == 1
        assert message in err
    with pytest.raises(DiffecgError, match="whole recordings, not windows"):
        PrepareOptions(preset="imputation").window(DATABASES["mitdb"])


def test_ptbxl_is_downloaded_by_the_list_of_the_release(ptbxl, tmp_path, serve, monkeypatch):
    from hashlib import sha256

    names = ["ptbxl_database.csv", "scp_statements.csv"]
    files = [path for path in sorted(ptbxl.rglob("*")) if path.is_file() and path.name != "SHA256SUMS.txt"]
    digests = {str(path.relative_to(ptbxl)): sha256(path.read_bytes()).hexdigest() for path in files}
    pinned = {name: digests[name] for name in names}
    monkeypatch.setattr(Database, "checksums", lambda _: dict(pinned))
    (ptbxl / "SHA256SUMS.txt").write_text("".join(f"{digest} {name}\n" for name, digest in digests.items()))
    _, url = serve(ptbxl)
    download(DATABASES["ptbxl"], tmp_path / "copy", url=url)
    copied = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*.*")}
    assert copied == {*names, *(name for name in digests if name.startswith("records100/"))}
    assert subject_table(RecordingFolder(tmp_path / "copy"), 500.0).subjects
    pinned["scp_statements.csv"] = "0" * 64
    with pytest.raises(DiffecgError, match=r"not the list of version 1\.0\.3: scp_statements\.csv"):
        download(DATABASES["ptbxl"], tmp_path / "other", url=url)
