"""Windows from arrays, tables and datasets of PyTorch."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import Dataset, TensorDataset

import diffecg
from diffecg.errors import DiffecgError

SIGNAL = np.random.default_rng(0).normal(size=(6, 2, 20)).astype(np.float32)
LABELS = ["N", "V", "N", "S", "N", "V"]


class Beats(Dataset):
    """A dataset of PyTorch with text labels."""

    def __len__(self):
        return len(SIGNAL)

    def __getitem__(self, i):
        return torch.from_numpy(SIGNAL[i]), LABELS[i]


def test_arrays_and_tensors():
    for data in (SIGNAL, torch.from_numpy(SIGNAL), SIGNAL.tolist(), list(torch.from_numpy(SIGNAL))):
        windows = diffecg.as_windows(
            data, 100, LABELS, channel_names=["I", "II"], r_peak=8, subjects=range(6)
        )
        assert np.array_equal(windows.signal, SIGNAL)
        assert windows.labels.tolist() == LABELS
        assert (windows.fs_hz, windows.r_peak, windows.channel_names) == (100.0, 8, ("I", "II"))
        assert windows.index["subject"].tolist() == list("012345")
    assert np.array_equal(diffecg.as_windows(SIGNAL[:, 0], 100).signal, SIGNAL[:, :1])


def test_datasets_of_pytorch():
    windows = diffecg.as_windows(Beats(), 100)
    assert np.array_equal(windows.signal, SIGNAL)
    assert windows.labels.tolist() == LABELS
    classes = TensorDataset(torch.from_numpy(SIGNAL), torch.arange(6) % 3)
    assert diffecg.as_windows(classes, 100).labels.tolist() == ["0", "1", "2"] * 2
    several = TensorDataset(torch.from_numpy(SIGNAL), torch.tensor([[1, 0, 1], [0, 0, 0]] * 3))
    assert diffecg.as_windows(several, 100).all_labels == [["0", "2"], []] * 3
    assert diffecg.as_windows(several, 100, LABELS).labels.tolist() == LABELS


def test_tables_keep_their_descriptions():
    frame = pd.DataFrame(SIGNAL[:, 0])
    described = frame.assign(label=LABELS, subject=[1, 1, 2, 2, 3, 3], age=50.0, partition="train")
    windows = diffecg.as_windows(described, 100, r_peak=8)
    assert np.array_equal(windows.signal, SIGNAL[:, :1])
    assert windows.labels.tolist() == LABELS
    assert windows.index["subject"].tolist() == [1, 1, 2, 2, 3, 3]
    assert windows.index["age"].tolist() == [50.0] * 6
    assert windows.partition_names == ["train"]
    assert diffecg.as_windows(described, 100, ["x"] * 6).unique_labels() == ["x"]
    lists = pd.DataFrame({"signal_mv": [window.tolist() for window in SIGNAL], "label": LABELS})
    assert np.array_equal(diffecg.as_windows(lists, 100).signal, SIGNAL)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(20), "shape"),
        (np.array([["a", "b"]]), "type"),
        ([np.zeros((1, 20)), np.zeros((1, 21))], "different shapes"),
        (pd.DataFrame({"label": []}), "holds no windows"),
        (7, "give numbers with axes"),
    ],
)
def test_other_objects_are_refused(data, message):
    with pytest.raises(DiffecgError, match=message):
        diffecg.as_windows(data, 100)
    with pytest.raises(DiffecgError, match="sampling rate"):
        diffecg.as_windows(data, 0)
