"""The PhysioNet/CinC Challenge 2015 is read as released, split by recording, with the alarms as labels."""

from collections import Counter

import numpy as np
import pytest
import wfdb

from diffecg.datasets.cinc2015 import subject_table
from diffecg.datasets.databases import DATABASES, Database, database
from diffecg.datasets.options import RECORDING_PRESETS, RecordingSetOptions
from diffecg.datasets.physionet import download
from diffecg.datasets.prepare_recordings import prepare_recordings
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.subject_table import SubjectTable
from diffecg.datasets.subjects import make_split, subjects_of
from diffecg.errors import DiffecgError
from diffecg.signal.resampling import interpolate_gaps, resample

MONITOR = RECORDING_PRESETS["monitor"]
OPTIONS = RecordingSetOptions(
    database=database("cinc2015"), split="recordings", fs_hz=MONITOR.fs_hz, kinds=MONITOR.kinds
)


def write_headers(folder, count=400):
    """Write headers alone, with the names and comments of the release."""
    folder.mkdir(parents=True)
    for number in range(count):
        name = f"{'abtvf'[number % 5]}{100 + number}{'sl'[number % 2]}"
        header = f"{name} 1 250 75000\n{name}.mat 16+24 1000/mV 16 0 0 0 0 II\n"
        alarm = ("Asystole", "Bradycardia")[number % 2]
        (folder / f"{name}.hea").write_text(f"{header}#{alarm}\n#{('True', 'False')[number % 3 > 0]} alarm\n")
    return folder


def test_recordings_are_split_by_the_hash_of_their_names(tmp_path):
    folder = RecordingFolder(write_headers(tmp_path / "db"))
    table = subjects_of(folder, "recordings", fs_hz=125.0)
    split = make_split("recordings", table)
    assert split.name == "recordings"
    shares = Counter(split.partition(name) for name in table.subjects)
    assert {name: count / 400 for name, count in shares.items()} == {
        "train": pytest.approx(0.7, abs=0.06),
        "validation": pytest.approx(0.1, abs=0.05),
        "test": pytest.approx(0.2, abs=0.06),
    }
    assert table.labels["a100s"] == ("Asystole", "True alarm")
    assert table.labels["b101l"] == ("Bradycardia", "False alarm")
    below = RecordingFolder(write_headers(tmp_path / "release" / "training").parent)
    moved = subjects_of(below, "recordings", fs_hz=125.0)
    again = make_split("recordings", moved)
    assert all(
        again.partition(f"training/{name}") == split.partition(name) for name in list(table.subjects)[:50]
    )
    with pytest.raises(DiffecgError, match="defines its own subjects"):
        subjects_of(folder, "recordings", SubjectTable.of_recordings(["a100s"]), fs_hz=125.0)
    (tmp_path / "db" / "RECORDS").write_text("a100s\nz999l\n")
    with pytest.raises(DiffecgError, match=r"cannot read the headers .*z999l"):
        subject_table(folder)


def test_the_release_becomes_a_set_of_four_signals(cinc2015, tmp_path):
    recordings = prepare_recordings(cinc2015, tmp_path / "set", OPTIONS)
    card = recordings.cards[0]
    assert len(recordings) == 13
    assert (card["label_map"], card["split"], card["fs_hz"]) == ("cinc2015-alarms", "recordings", 125.0)
    assert "no subject identifiers" in card["notes"][0]
    assert Counter(recordings.index["kinds"].map(lambda kinds: "/".join(kinds))) == {
        "ecg/ecg/ppg/pressure": 10,
        "ecg/ecg/ppg/respiration": 3,
    }
    number = recordings.index["recording"].tolist().index("f120s")
    found, truth = recordings.recording(number), wfdb.rdrecord(str(cinc2015 / "f120s"))
    assert found.labels == ("Ventricular_Flutter_Fib", "False alarm")
    assert found.leads == tuple(truth.sig_name) == ("II", "V", "PLETH", "ABP")
    assert found.units == tuple(truth.units) == ("mV", "mV", "NU", "mmHg")
    for lead, original, step in zip(found.signal, truth.p_signal.T, (1e-3, 1e-3, 1e-3, 1e-2), strict=True):
        expected = resample(interpolate_gaps(original), 250.0, 125.0)
        observed = np.isfinite(lead)
        assert observed.mean() > 0.99
        assert np.abs(lead - expected)[observed].max() < 0.51 * step
    beats_per_min = 60 * len(found.r_peaks) / (found.signal.shape[1] / 125)
    assert 40 < beats_per_min < 180


def test_the_release_is_downloaded(cinc2015, tmp_path, serve, monkeypatch, run):
    digests = DATABASES["cinc2015"].checksums()
    assert len(digests) == 2 * 750 + 2
    few = {name: digests[name] for name in ("ALARMS", "a142s.hea", "a142s.mat")}
    monkeypatch.setattr(Database, "checksums", lambda _: few)
    _, url = serve(cinc2015)
    download(DATABASES["cinc2015"], tmp_path / "copy", url=url)
    assert {path.name for path in (tmp_path / "copy").iterdir()} == set(few)
    status, out, err = run(
        "prepare", "cinc2015", "--from", tmp_path / "copy", "--preset", "monitor", "--out", tmp_path / "set"
    )
    assert status == 0, err
    assert "1 recordings" in out
    assert "use more recordings" in err
    status, _, err = run(
        "prepare", "cinc2015", "--from", tmp_path / "copy", "--lead", "II", "--out", tmp_path / "b"
    )
    assert status == 1
    assert "no annotated beats" in err
