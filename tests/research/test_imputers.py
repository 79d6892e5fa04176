"""Imputation methods of other packages have the interface of ours."""

from functools import partial

import numpy as np
import pytest

from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.contexts import Context
from diffecg.evaluation.rivals import load_imputer
from research.benchmarks.imputation_networks import draw_batch
from research.rivals.imputation_networks import NETWORKS, TrainedNetwork
from research.rivals.imputers import WINDOWS, network, neurokit
from research.rivals.network_training import train_network


def make_context(signal_mv, gap, fs_hz=100.0):
    signal_mv = signal_mv.copy()
    signal_mv[gap] = np.nan
    return Context(
        signal_mv=signal_mv,
        other_leads_mv=np.empty((0, len(signal_mv))),
        fs_hz=fs_hz,
        gap=gap,
        annotated_r_peaks=np.array([10, 90]),
    )


def waves(fs_hz=100.0, duration_s=30.0):
    """Return a signal of one wave a second, in mV."""
    return np.sin(2 * np.pi * np.arange(round(duration_s * fs_hz)) / fs_hz)


def test_neurokit_fills_from_both_sides():
    method = load_imputer("neurokit")
    assert method.predict(make_context(np.arange(100.0), slice(40, 50))).draws_mv.tolist() == [
        [39.0] * 5 + [50.0] * 5
    ]


def test_neurokit_holds_the_last_sample_in_a_forecast():
    prediction = neurokit().predict(make_context(np.arange(100.0), slice(90, 100)))
    assert prediction.written_mv.tolist() == [89.0] * 10


def test_windows_are_normalised_by_what_is_observed():
    lead = (1000 * waves() + 3000).astype(np.int16)
    batch = draw_batch([[lead]], np.random.default_rng(0))
    assert 0.05 < batch.hidden.mean() < 0.6
    for window, mask in zip(batch.signal, batch.observed, strict=True):
        assert np.median(window[mask]) == pytest.approx(0, abs=1e-3)
        assert window[mask].std() == pytest.approx(1, abs=1e-3)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")  # CSDI of PyPOTS
@pytest.mark.parametrize("kind", sorted(NETWORKS))
def test_a_network_is_trained_stored_and_imputes(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("research.rivals.imputers.DRAWS", 2)
    if kind != "unet":
        pytest.importorskip("pypots", reason="SAITS and CSDI are those of PyPOTS")
    lead = (1000 * waves()).astype(np.int16)
    draw = partial(draw_batch, [[lead]])
    trained, steps, loss = train_network(kind, WINDOWS, draw, minutes=0.02, seed=0)
    assert steps >= 1
    assert np.isfinite(loss)
    trained.save(tmp_path / kind, {})
    method = network(str(tmp_path / kind))
    context = make_context(waves(360.0), slice(5000, 5180), 360.0)
    prediction = method.predict(context)
    assert prediction.written_mv.shape == (180,)
    assert len(prediction.draws_mv) == (2 if kind == "csdi" else 1)
    assert np.array_equal(method.predict(context).draws_mv, prediction.draws_mv)
    assert (prediction.interval is None) == (kind != "csdi")


def test_a_network_that_predicts_the_truth_is_exact_at_any_rate():
    """A perfect network at 100 Hz gives back the gap at the recording's rate."""

    class Perfect:
        def draw(self, signal, observed, count):
            import torch

            places = torch.arange(1000) / 100.0
            wave = torch.sin(2 * torch.pi * (places + self.start_s))
            seen = observed[0, :, 0]
            scale = torch.linalg.lstsq(
                torch.stack([wave[seen], torch.ones(int(seen.sum()))], 1), signal[0, seen, 0]
            ).solution
            return (wave * scale[0] + scale[1])[None, None, :, None]

    from research.rivals.imputers import NetworkImputer

    for fs_hz in (100.0, 250.0, 360.0):
        truth = waves(fs_hz)
        gap = slice(round(12 * fs_hz), round(13 * fs_hz))
        perfect = Perfect()
        perfect.start_s = ((gap.start + gap.stop - round(10 * fs_hz)) // 2) / fs_hz
        predicted = NetworkImputer(TrainedNetwork(kind="perfect", windows=WINDOWS, network=perfect))(
            make_context(truth, gap, fs_hz)
        )
        assert np.abs(predicted.point_mv - truth[gap]).max() < 0.01, fs_hz


def test_long_gaps_are_interpolated_and_folders_must_be_stated():
    with pytest.raises(DiffecgError, match="folder of the network"):
        network("")
    with pytest.raises(DiffecgError, match="unknown network"):
        TrainedNetwork.create("lstm", WINDOWS)
