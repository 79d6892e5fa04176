"""Training reads each lead of a recording set in the unit and resolution of its kind."""

import numpy as np
import pytest
import torch
from gap_cases import tiny_config, write_recording_set

from diffecg.datasets.databases import database
from diffecg.datasets.options import RecordingSetOptions
from diffecg.datasets.prepare_recordings import prepare_recordings
from diffecg.datasets.recording_set import RecordingSet
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording
from diffecg.signal.simulation import simulate_ecg
from diffecg.training.gap.batches import check_sets
from diffecg.training.gap.recordings import TrainingRecordings

KINDS = ("ecg", "ppg", "pressure")


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """A recording with an ECG and a pressure, and one with an ECG, a PPG and a pressure."""
    folder = tmp_path_factory.mktemp("several")
    (folder / "db").mkdir()
    for name, channels in (
        ("a", {"II": "mV", "ABP": "mmHg"}),
        ("b", {"PLETH": "NU", "ABP": "mmHg", "V": "mV"}),
    ):
        ecg = simulate_ecg(30.0, 100.0, seed=len(channels)).signal_mv
        of_unit = {"mV": ecg, "mmHg": 90 + 40 * ecg, "NU": 0.3 * ecg}
        recording = Recording.from_arrays(
            np.stack([of_unit[unit] for unit in channels.values()]),
            100.0,
            channel_names=list(channels),
            units=list(channels.values()),
        )
        write_recording(folder / "db" / f"{name}.csv", recording)
    options = RecordingSetOptions(database=database("own"), split="subjects", fs_hz=100.0, kinds=KINDS)
    return prepare_recordings(folder / "db", folder / "set", options)


def read(source, number, length):
    at = torch.tensor([number])
    return source.read(at, torch.zeros(1).long(), torch.ones(1, dtype=torch.float64), length)


def test_each_lead_is_read_in_its_unit(several):
    source = TrainingRecordings(several)
    assert source.kinds == [("ecg", "pressure"), ("ecg", "ppg", "pressure")]
    for number in range(2):
        expected = several.recording(number).signal
        signal, observed = read(source, number, expected.shape[1])
        assert signal.shape == (1, 3, expected.shape[1])
        np.testing.assert_array_equal(signal[0, : len(expected)].numpy(), expected)
        assert not observed[0, len(expected) :].any()
        assert not signal[0, len(expected) :].any()
    assert several.recording(0).signal[1].max() > 50


def test_an_ecg_is_read_as_it_is_in_mv(tmp_path):
    recordings = RecordingSet.open(write_recording_set(tmp_path / "set"))
    source = TrainingRecordings(recordings)
    assert source.kinds == [("ecg", "ecg")] * 3
    stored = torch.from_numpy(np.array(recordings.parts[0].signal[: 2 * 4000].reshape(1, 2, 4000)))
    signal, observed = read(source, 0, 4000)
    assert torch.equal(signal[observed], (stored.float() / 1000)[observed])
    assert observed[:, :, :-1].all()


def test_a_model_of_ecg_is_not_trained_with_other_signals(several):
    with pytest.raises(DiffecgError, match=r"have ppg, pressure and the model is one of ECG; .*imputation"):
        check_sets([several], tiny_config().candidates.fs_hz)
