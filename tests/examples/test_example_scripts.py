"""Every script of the gallery runs as it is, and what it says is so."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import wfdb
from matplotlib.figure import Figure

from diffecg.signal.rpeaks import r_peaks_of_recording
from research.docs.gallery import NAMES

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def script(request, tmp_path, monkeypatch):
    """Run the script that the test is named after in an empty folder; return its variables."""
    name = request.node.name.removeprefix("test_")
    monkeypatch.chdir(tmp_path)
    variables = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert isinstance(variables["figure"], Figure)
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    return variables


def within(imputation, truth):
    """Return the share of missing samples that lie in the prediction interval."""
    inside = (imputation.lower <= truth) & (truth <= imputation.upper)
    return inside[~imputation.observed].mean()


def test_every_script_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(NAMES)
    assert {f"test_{name}" for name in NAMES} <= set(globals())


def test_generate_beats(script):
    beats = script["beats"]
    assert beats.counts() == dict.fromkeys("NSVF", script["COUNT"])
    again, ventricular = script["again"], script["ventricular"]
    assert np.allclose(again.signal_mv[0], ventricular.signal_mv[3], atol=1e-4)
    assert not np.allclose(again.signal_mv[0], ventricular.signal_mv[2], atol=1e-1)


def test_impute_gap(script):
    imputation, span = script["imputation"], script["span"]
    true_mv, given_mv = script["true_mv"][span], script["signal_mv"][span]
    assert (~imputation.observed).sum() == round(1.5 * script["fs_hz"])
    assert np.array_equal(imputation.signal_mv[imputation.observed], given_mv[imputation.observed])
    assert within(imputation, true_mv) > 0.6
    places = np.arange(len(true_mv))
    line_mv = np.interp(places, places[imputation.observed], given_mv[imputation.observed])
    errors = [
        np.abs(signal_mv - true_mv)[~imputation.observed].mean()
        for signal_mv in (imputation.mean_mv, line_mv)
    ]
    assert errors[0] < errors[1]


def test_forecast_second(script):
    forecast, true_mv = script["forecast"], script["true_mv"]
    assert forecast.signal_mv.shape == true_mv.shape == (round(script["fs_hz"]),)
    assert within(forecast, true_mv) > 0.6
    (first, *_) = r_peaks_of_recording(true_mv, script["fs_hz"]) / script["fs_hz"]
    assert script["next_beat_s"](true_mv) == pytest.approx(first, abs=0.02)
    assert script["low_s"] <= script["median_s"] <= script["high_s"]
    assert script["median_s"] == pytest.approx(first, abs=0.15)


def test_denoise(script):
    clean_mv, noisy = script["clean_mv"], script["noisy"]
    errors = [
        np.sqrt(np.mean((signal_mv - clean_mv)[noisy] ** 2))
        for signal_mv in (script["denoised"].signal_mv, script["filtered_mv"], script["recorded_mv"])
    ]
    assert errors == sorted(errors)
    assert errors[0] < errors[2] / 2
    assert np.array_equal(script["denoised"].signal_mv[~noisy], clean_mv[~noisy])


def test_compose_recording(script):
    beats = script["beats"]
    assert "".join(beats.symbol[:20]) == "NNNNVNNNNVNNNSNNNVVV"
    assert script["annotations"].sample.tolist() == beats.sample.tolist()
    written, _ = wfdb.rdsamp("ectopy")
    assert np.allclose(written[:, 0], script["recording"].signal_mv[0], atol=0.01)
    assert script["matched"].sensitivity > 0.9


def test_twelve_leads(script):
    sinus, fibrillation = script["recordings"].values()
    variation = [
        np.diff(recording.beats().sample).std() / np.diff(recording.beats().sample).mean()
        for recording in (sinus, fibrillation)
    ]
    assert variation[1] > 2 * variation[0]
    for recording in (sinus, fibrillation):
        assert recording.info["labels"]
        leads = dict(zip(recording.channel_names, recording.signal_mv, strict=True))
        assert np.allclose(leads["aVR"], -(leads["I"] + leads["II"]) / 2, atol=1e-6)
        assert len(leads) == 12


def test_reconstruct_leads(script):
    result, twelve, completed = script["result"], script["twelve"], script["completed"]
    assert completed.channel_names == twelve.channel_names
    for lead in ("I", "II", "III", "aVR", "aVL", "aVF"):
        row = twelve.channel_names.index(lead)
        assert np.allclose(completed.lead_mv(row), twelve.lead_mv(row), atol=1e-3), lead
    for lead, row, true_mv in zip(script["chest"], script["rows"], script["true_mv"], strict=True):
        if result.determined[lead] > 0.6:
            assert np.corrcoef(result.mean_mv[row], true_mv)[0, 1] > 0.6, lead
    assert script["inside"].mean() > 0.7


def test_lost_pressure_line(script):
    recording, result, flushed = script["recording"], script["result"], script["flushed"]
    assert recording.signal[1, flushed].min() == 350
    assert np.array_equal(result.imputed.signal[:, ~flushed], recording.signal[:, ~flushed])
    pressure = result.imputed.signal[1, flushed]
    assert 40 < pressure.min() < 90 < pressure.max() < 200
    error = np.abs(pressure - script["pressure"][flushed]).mean()
    assert error < 3 * script["check"].largest_error, "as the hidden intervals promise"


@pytest.mark.long
def test_augment_pipeline(script):
    assert (script["y"] == "V").mean() < 0.06
    as_recorded, with_rare, with_both = script["recalls"].values()
    assert with_rare[0] < with_both[0]
    assert with_both[1] > as_recorded[1]
    assert with_both.mean() > as_recorded.mean()


def test_evaluate_generator(script):
    table = script["table"].set_index(["metric", "label"])
    for label in "NV":
        assert len(script["own"].with_label(label)) == script["EACH"]
        for metric in script["shown"]:
            row = table.loc[metric, label]
            order = [row["reference"], row["value"], row["baseline"]]
            if row["better"] == "higher":
                order.reverse()
            assert order[0] < order[2], metric
            assert order[0] < 1.2 * order[1], metric
            assert order[1] < order[2], metric
    assert table.loc["nearer to a training beat than any outsider", "V"]["value"] < 0.05
