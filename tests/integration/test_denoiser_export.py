"""The exported denoiser, run by ONNX Runtime alone, gives what diffecg.denoise gives."""

import json

import numpy as np
import onnxruntime
import pytest
from docs_blocks import ROOT, blocks, run_alone
from helpers import make_ecg

import diffecg
from diffecg.cli.app import main
from diffecg.formats.registry import read_recording
from diffecg.inference.denoising import bundled_denoiser
from diffecg.signal.noise import add_noise
from diffecg.signal.resampling import resample

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("denoiser export")]
MODEL_HZ = 200
_, (EXAMPLE, *_), *_ = blocks(ROOT / "docs" / "how-to" / "onnx.md", "python")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The bundled denoiser as an ONNX file."""
    out = tmp_path_factory.mktemp("onnx") / "denoiser.onnx"
    main(["export", "ecg-denoiser", "--out", str(out)])
    return out


@pytest.fixture(scope="module")
def session(exported):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])


def noisy_ecg(seed, duration_s, fs_hz):
    """Return synthetic ECG with strong wander and noise in its second third, and the mask of that."""
    clean_mv = make_ecg(seed, duration_s=duration_s, fs_hz=fs_hz)[0]
    rng = np.random.default_rng(seed)
    where = np.arange(len(clean_mv)) * 3 // len(clean_mv) == 1
    noise = rng.standard_normal(len(clean_mv)) + rng.standard_normal(len(clean_mv)).cumsum() / 10
    signal_mv = clean_mv.copy()
    signal_mv[where] = add_noise(clean_mv[where], noise[where], -6)
    return signal_mv, where


def assert_equal_to_diffecg(session, signals_mv, masks):
    """Compare ONNX Runtime with ``diffecg.denoise`` on blocks at 200 Hz."""
    inputs = {"signal_mv": signals_mv.astype(np.float32), "noisy": masks.astype(np.float32)}
    clean_mv, half_width_mv = session.run(["clean_mv", "half_width_mv"], inputs)
    assert clean_mv.shape == half_width_mv.shape == signals_mv.shape
    for row, (signal_mv, mask) in enumerate(zip(signals_mv, masks, strict=True)):
        expected = diffecg.denoise(signal_mv, MODEL_HZ, mask)
        width_mv = (expected.upper_mv - expected.lower_mv) / 2
        assert np.abs(clean_mv[row] - expected.signal_mv)[mask].max() < 1e-4
        assert np.abs(half_width_mv[row] - width_mv)[mask].max() < 1e-4
        assert np.abs(expected.signal_mv - signal_mv)[mask].max() > 0.1


@pytest.mark.parametrize("samples", [6000, 3001])
def test_a_batch_of_any_length_is_denoised_as_by_diffecg(session, samples):
    rows = [noisy_ecg(seed, 30, MODEL_HZ) for seed in (0, 1)]
    signals_mv, masks = (np.stack(both)[:, -samples:] for both in zip(*rows, strict=True))
    assert_equal_to_diffecg(session, signals_mv, masks)


def test_a_signal_without_clean_samples_is_denoised_as_by_diffecg(session):
    signal_mv, _ = noisy_ecg(2, 10, MODEL_HZ)
    assert_equal_to_diffecg(session, signal_mv[None], np.ones((1, len(signal_mv)), bool))


@pytest.mark.parametrize(("record", "noise"), [("103", "bw"), ("208", "em"), ("233", "ma")])
def test_real_recordings_with_recorded_noise_are_denoised_as_by_diffecg(session, mitdb, record, noise):
    clean_mv = read_recording(mitdb / record).signal_mv[0][36_000:50_400]
    noise_mv = read_recording(mitdb.parent / "nstdb" / noise).signal_mv[0][-7200:]
    signal_mv = clean_mv.copy()
    signal_mv[3600:10_800] = add_noise(clean_mv[3600:10_800], noise_mv, -6)
    mask = np.arange(8000) // 2000 % 3 != 0
    assert_equal_to_diffecg(session, resample(signal_mv, 360, MODEL_HZ)[None], mask[None])


@pytest.mark.parametrize(("duration_s", "interval_s"), [(45, (15, 30)), (12, (0, 12))])
def test_the_example_denoises_an_interval_as_diffecg_does(exported, tmp_path, duration_s, interval_s):
    assert len(EXAMPLE.strip().splitlines()) <= 30
    signal_mv, _ = noisy_ecg(3, duration_s, 360)
    np.savetxt(tmp_path / "lead.txt", signal_mv)
    shown = run_alone(EXAMPLE, tmp_path, exported, "lead.txt", *interval_s)
    inside = slice(*(360 * second for second in interval_s))
    assert f"{inside.stop - inside.start} samples" in shown
    noisy = np.zeros(len(signal_mv), bool)
    noisy[inside] = True
    found = diffecg.denoise(signal_mv, 360, noisy)
    expected = np.stack([found.signal_mv, found.lower_mv, found.upper_mv])[:, inside]
    assert np.abs(np.loadtxt(tmp_path / "clean.csv").T - expected).max() < 1e-4


def test_the_file_states_what_it_is(session, exported):
    about = session.get_modelmeta().custom_metadata_map
    denoiser = bundled_denoiser()
    assert (about["name"], float(about["fs_hz"])) == ("ecg-denoiser", denoiser.config.fs_hz)
    assert about["weights_sha256"] == denoiser.weights_sha256
    assert about["licence"] == "odc-by"
    assert "PTB-XL" in about["citation"]
    assert "estimates" in about["notice"]
    assert [value.name for value in session.get_inputs()] == list(json.loads(about["inputs"]))
    assert [value.name for value in session.get_outputs()] == list(json.loads(about["outputs"]))
    assert exported.stat().st_size < 2e6
    assert str(ROOT).encode() not in exported.read_bytes()


def test_the_stated_ratios_give_intervals_of_other_coverages(session):
    about = session.get_modelmeta().custom_metadata_map
    signal_mv, mask = noisy_ecg(4, 15, MODEL_HZ)
    inputs = {"signal_mv": signal_mv[None].astype(np.float32), "noisy": mask[None].astype(np.float32)}
    (half_width_mv,) = session.run(["half_width_mv"], inputs)
    for coverage in (0.5, 0.85):
        ratio = np.interp(coverage, json.loads(about["coverages"]), json.loads(about["ratios"]))
        found = diffecg.denoise(signal_mv, MODEL_HZ, mask, coverage=coverage)
        expected = ((found.upper_mv - found.lower_mv) / 2)[mask]
        assert ratio * half_width_mv[0][mask] == pytest.approx(expected, abs=1e-4)


def test_options_of_samplers_are_refused(run, tmp_path):
    for option in (("--sampler", "ddim"), ("--steps", 3), ("--guidance", 1.5)):
        status, _, error = run("export", "ecg-denoiser", *option, "--out", tmp_path / "x.onnx")
        assert status == 1
        assert "ecg-denoiser does not sample; leave --sampler, --steps and --guidance out" in error
    assert not list(tmp_path.iterdir())
