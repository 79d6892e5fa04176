"""Commands on recordings as people have them: their own times, several files, losses and long recordings."""

import json
from datetime import time

import edfio
import numpy as np
import pandas as pd
import pytest
from helpers import make_ecg, write_recording

import diffecg
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.samples import Block, SampleSource
from diffecg.inference.gaps import Segment
from diffecg.inference.options import DrawOptions, ImputeOptions
from diffecg.inference.planning import ImputationPlan
from diffecg.inference.recordings import impute_recording
from diffecg.signal.channels import make_channels

FEW = ["--draws", 1, "--steps", 1]


@pytest.fixture
def model(gaps):
    """A small model of gaps."""
    return gaps


def write_table(path, clock):
    """Write a minute of an ECG at 125 Hz with decimal commas; return its lines."""
    signal, _, _ = make_ecg(0, fs_hz=125.0)
    lines = [f"{clock(i)};{value:.4f}".replace(".", ",") for i, value in enumerate(signal)]
    path.write_text("\n".join(["time_s;ECG (mV)", *lines]) + "\n")
    return lines


def test_a_gap_is_given_in_the_times_of_a_table_and_all_other_lines_stay(run, model, tmp_path):
    lines = write_table(tmp_path / "late.csv", lambda i: f"{100 + i / 125:.3f}")
    status, _, err = run(
        "impute",
        "--model",
        model,
        tmp_path / "late.csv",
        "--gap",
        "105:105.4",
        *FEW,
        "--out",
        tmp_path / "out",
    )
    assert status == 0
    assert "decimal marks" in err
    written = (tmp_path / "out" / "late.csv").read_text().splitlines()[1:]
    changed = [i for i, (before, after) in enumerate(zip(lines, written, strict=True)) if before != after]
    assert set(changed) <= set(range(625, 675))
    assert len(changed) > 40
    assert all(line.split(";")[0] == lines[i].split(";")[0] for i, line in enumerate(written))
    gaps = pd.read_csv(tmp_path / "out" / "gaps.csv")
    assert gaps[["start_s", "start", "stop"]].to_numpy().tolist() == [[5.0, 105.0, 105.4]]


def write_edf(path):
    """Write a minute of ECG at 250 Hz and of acceleration at 50 Hz, which begins at 10:00:00."""
    ecg, _, _ = make_ecg(0, fs_hz=250.0)
    signals = [
        edfio.EdfSignal(ecg, 250, label="ECG II", physical_dimension="mV", physical_range=(-5, 5)),
        edfio.EdfSignal(
            np.sin(np.arange(3000)), 50, label="Acc X", physical_dimension="g", physical_range=(-2, 2)
        ),
    ]
    notes = [edfio.EdfAnnotation(6.1, 2.5, "V lead loose")]
    edfio.Edf(signals, annotations=notes, starttime=time(10, 0, 0)).write(path)


def test_a_gap_is_given_by_the_clock_and_other_signals_and_notes_stay(run, model, tmp_path):
    write_edf(tmp_path / "night.edf")
    gap = "10:00:30/10:00:30.4"
    status, _, err = run(
        "impute", "--model", model, tmp_path / "night.edf", "--gap", gap, *FEW, "--out", tmp_path / "out"
    )
    assert (status, err) == (0, "")
    before, after = (edfio.read_edf(tmp_path / name) for name in ("night.edf", "out/night.edf"))
    changed = np.flatnonzero(before.signals[0].digital != after.signals[0].digital)
    assert 7500 <= changed.min() <= changed.max() < 7600
    assert np.array_equal(before.signals[1].digital, after.signals[1].digital)
    assert before.annotations == after.annotations
    assert diffecg.read_recording(tmp_path / "night.edf").select([0]).beats().sample.size == 0


def test_what_a_format_cannot_hold_is_said_before_anything_is_imputed(run, model, tmp_path):
    signal, _, _ = make_ecg(0)
    note = Annotation(time_s=1.0001, symbol='"', text="note", duration_s=2.0)
    recording = Recording.from_arrays(signal[None], 360.0, channel_names=["EKG Gerät"], annotations=[note])
    diffecg.write_recording(tmp_path / "r.csv", recording)
    args = ["impute", "--model", model, tmp_path / "r.csv", "--gap", "20:20.4", "--format", "wfdb", *FEW]
    status, _, err = run(*args, "--out", tmp_path / "out")
    assert status == 0
    assert "'EKG Gerät' is written as 'EKG Geraet'" in err
    assert "1 annotation times are rounded to samples" in err
    assert "1 durations of annotations are not kept" in err
    assert diffecg.read_recording(tmp_path / "out" / "r").channel_names == ("EKG Geraet",)


def test_several_recordings_are_imputed_with_one_table_and_an_error_stops_no_other(run, model, tmp_path):
    folder = tmp_path / "ward"
    folder.mkdir()
    for seed, name in enumerate(("a", "b")):
        write_recording(folder / name, seed=seed)
    (folder / "c.hea").write_text("c 1 360 1000\nc.dat 16 200 16 0 0 0 0 II\n")
    args = ["impute", "--model", model, "--gap", "20:20.4", *FEW, "--json"]
    status, out, err = run(*args, folder, "--out", tmp_path / "out")
    assert status == 1
    results = {result["recording"]: result for result in json.loads(out)["recordings"]}
    assert results["a"]["segments"] == results["b"]["segments"] == 1
    assert "c.dat is missing" in results["c"]["error"]
    assert "1 of 3 recordings failed: c" in err
    assert diffecg.read_recording(tmp_path / "out" / "b" / "b").fs_hz == 360
    assert run(*args, folder, "--out", tmp_path / "out")[0] == 1
    status, out, err = run(*args, folder, "--out", tmp_path / "out", "--force")
    assert "1 of 3 recordings failed: c" in err
    status, out, _ = run(*args[:-1], f"{folder}/[ab].hea", "--out", tmp_path / "again")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith(("a ", "b "))] == ["a", "b"]


def test_info_on_a_folder_has_a_line_for_each_recording(run, tmp_path):
    for seed, name in enumerate(("a", "b")):
        write_recording(tmp_path / name, seed=seed)
    status, out, _ = run("info", tmp_path)
    assert status == 0
    rows = [line.split() for line in out.splitlines() if "WFDB" in line]
    assert [row[:4] for row in rows] == [["a", "WFDB", "MLII,", "V1"], ["b", "WFDB", "MLII,", "V1"]]


def test_a_unit_overrides_that_of_the_file(run, tmp_path):
    signal, _, _ = make_ecg(0)
    pd.DataFrame({"time_s": np.arange(len(signal)) / 360, "II (V)": 1000 * signal, "V1": signal}).to_csv(
        tmp_path / "r.csv", index=False
    )
    status, out, _ = run("info", tmp_path / "r.csv", "--unit", "II=uV", "--json")
    assert status == 0
    channels = {channel["name"]: channel for channel in json.loads(out)["channels"]}
    assert (channels["II"]["unit"], channels["V1"]["unit"]) == ("uV", "mV")
    assert abs(channels["II"]["high_mv"] - channels["V1"]["high_mv"]) < 1e-3


class Endless(SampleSource):
    """A day of a repeated minute, which counts the samples that are read."""

    def __init__(self):
        self.minute = make_ecg(0, fs_hz=250.0)[0]
        self.rates_hz, self.lengths, self.gain, self.baseline = (250.0,), (86_400 * 250,), (1.0,), (0.0,)
        self.is_integer = False
        self.read_samples = 0

    def read(self, rows, start, stop):
        self.read_samples += stop - start
        stored = np.take(self.minute, np.arange(start, stop), mode="wrap")[None]
        return Block(stored, np.zeros(stored.shape, bool))


def test_only_the_surroundings_of_a_gap_are_read(model):
    source = Endless()
    recording = Recording(name="day", channels=make_channels(["II"]), source=source)
    segments = [
        Segment(row=0, start=at, stop=at + 100, reason="given") for at in (5_000_000, 5_002_000, 15_000_000)
    ]
    plan = ImputationPlan(segments=segments, rows=[0], input_rows=[0])
    imputer = diffecg.load_imputer(model)
    result = impute_recording(imputer, recording, plan, ImputeOptions(), DrawOptions(draws=2))
    assert source.read_samples <= 2 * (2 * imputer.context_s + 20) * 250
    imputed = result.imputed.crop(20_000, 20_001).lead_mv(0)  # 5,000,000 samples are 20,000 s
    recorded = recording.crop(20_000, 20_001).lead_mv(0)
    assert (imputed[:100] != recorded[:100]).any()
    assert np.array_equal(imputed[100:], recorded[100:])
    draws = [part.part()[1].draws_mv for part in result.parts]
    assert not np.allclose(draws[0] - draws[0].mean(), draws[2] - draws[2].mean())


def test_analogues_of_a_day_are_read_from_half_an_hour_on_either_side():
    source = Endless()
    recording = Recording(name="day", channels=make_channels(["II"]), source=source)
    segments = [Segment(row=0, start=at, stop=at + 100, reason="given") for at in (5_000_000, 15_000_000)]
    plan = ImputationPlan(segments=segments, rows=[0], input_rows=[0])
    result = impute_recording(
        diffecg.AnalogueImputer(), recording, plan, ImputeOptions(), DrawOptions(draws=40)
    )
    assert source.read_samples <= 2 * (2 * 1800 + 20) * 250
    for part, segment in zip(result.parts, segments, strict=True):
        first, imputation = part.part(context=5)
        assert (first, imputation.draws_mv.shape) == (segment.start - 5, (40, 110))
        assert part.imputation.draws_mv.base is None, "the draws of the whole group can be freed"
        minute = np.take(source.minute, np.arange(segment.start, segment.stop), mode="wrap")
        assert part.part()[1].mean_mv == pytest.approx(minute, abs=0.05), "every minute is the same"


def test_sheets_of_recordings_are_written_as_one_file(run, tmp_path):
    ecg, _, _ = make_ecg(0, duration_s=20.0, fs_hz=250.0)
    leads = ["I", "II", "V1", "V2", "V3", "V4", "V5", "V6"]
    signal_mv = np.stack([ecg * (1 + row) / 4 for row in range(len(leads))])
    for name in ("a", "b"):
        recording = Recording.from_arrays(signal_mv, 250.0, channel_names=leads, name=name)
        diffecg.write_recording(tmp_path / f"{name}.csv", recording)
    out = tmp_path / "new" / "sheets.pdf"
    status, printed, err = run("sheet", tmp_path / "[ab].csv", "--start", 8, "--out", out, "--json")
    assert (status, err) == (0, "")
    assert out.read_bytes().startswith(b"%PDF")
    sheets = json.loads(printed)["sheets"]
    assert [sheet["recording"] for sheet in sheets] == ["a.csv", "b.csv"]
    assert all(len(sheet["leads"]) == 12 for sheet in sheets)
    assert sheets[0]["remarks"] == ["from 8 s", "III, aVR, aVL, aVF derived"]
    assert "--force" in run("sheet", tmp_path / "a.csv", "--out", out)[2]
    assert run("sheet", tmp_path / "a.csv", "--lead", "aVF", "--out", tmp_path / "avf.png")[0] == 0


def test_a_sheet_of_consecutive_rows_states_its_scale(run, recording, tmp_path):
    command = ["sheet", recording, "--seconds", 30, "--mm-per-s", 50, "--quiz", "--out", tmp_path / "s.pdf"]
    status, printed, err = run(*command, "--json")
    assert (status, err) == (0, "")
    (sheet,) = json.loads(printed)["sheets"]
    assert (sheet["mm_per_s"], sheet["mm_per_mv"]) == (50.0, 10.0)


def test_a_sheet_that_cannot_be_drawn_is_an_error_and_leaves_no_file(run, recording, tmp_path):
    for arguments, message in (
        (("--lead", "V1", "--lead", "V7"), "recording 100 shows no V7 in this time"),
        (("--lead", "aVF"), "shows none of aVF"),
        (("--rhythm", "II"), "shows no II"),
        (("--start", "61"), "61"),
        (("--mm-per-mv", "-1"), "must be positive"),
    ):
        status, out, err = run("sheet", recording, *arguments, "--out", tmp_path / "sheet.png")
        assert (status, out) == (1, "")
        assert message in err
    assert "written as .png or .pdf" in run("sheet", recording, "--out", tmp_path / "sheet.svg")[2]
    assert not list(tmp_path.glob("*.png"))
    args = ["sheet", recording, "--beats", "--start", 50, "--out", tmp_path / "sheet.png"]
    assert run(*args) == (0, f"{tmp_path / 'sheet.png'}: 1 sheet\n", "")
