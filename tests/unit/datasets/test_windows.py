"""Windows: identity, slicing, concatenation, units, and what files keep of them."""

import re

import numpy as np
import pandas as pd
import pytest

from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.folder import read_folder, write_folder
from diffecg.datasets.formats.registry import read_windows, write_windows
from diffecg.datasets.windows import Windows, fingerprint
from diffecg.errors import DiffecgError
from diffecg.signal.channels import make_channels

BIG_SEED = 2**62 + 1


def make_windows(
    labels=("N", "V", "N"), length=40, fs_hz=100.0, leads=("II",), r_peak=20, info=None, **columns
):
    """Return windows of random samples, in steps of 1 uV."""
    rng = np.random.default_rng(length)
    signal = np.round(rng.standard_normal((len(labels), len(leads), length)), 3).astype(np.float32)
    return Windows.from_arrays(
        signal, fs_hz, labels, channel_names=leads, r_peak=r_peak, info=info, **columns
    )


def make_multilabel():
    """Return three windows with no, one and two labels."""
    index = pd.DataFrame({"labels": [["NORM"], ["MI", "STTC"], []], "age": [60.0, np.nan, 35.5]})
    signal = np.arange(36, dtype=np.float32).reshape(3, 1, 12) / 100
    return Windows(signal=signal, fs_hz=100.0, channels=make_channels(["I"]), index=index)


def test_windows_compare_by_identity_and_are_hashable():
    one, other = make_windows(), make_windows()
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(make_windows(labels=("N", "N", "N")))


def test_windows_are_keyword_only_and_frozen():
    with pytest.raises(TypeError):
        Windows(np.zeros((1, 1, 4)), 100.0, make_channels(["I"]), pd.DataFrame({"label": ["N"]}))
    with pytest.raises(AttributeError):
        make_windows().fs_hz = 1.0


@pytest.mark.parametrize("shape", [(2, 1, 5), (3, 2, 5)])
def test_an_index_or_channels_of_another_length_are_refused(shape):
    index = pd.DataFrame({"label": ["N"] * 3})
    with pytest.raises(DiffecgError, match="do not fit an index of 3 rows and 1 channels"):
        Windows(signal=np.zeros(shape, np.float32), fs_hz=100.0, channels=make_channels(["I"]), index=index)


def test_a_partition_has_its_windows_only():
    windows = make_windows(partition=["train", "test", "train"])
    train = windows.partition("train")
    assert np.array_equal(train.signal, windows.signal[[0, 2]])
    assert train.index.index.tolist() == [0, 1]
    assert (windows.has_partition("test"), windows.has_partition("validation")) == (True, False)
    with pytest.raises(
        DiffecgError, match="no windows in the partition 'validation'; available: test, train"
    ):
        windows.partition("validation")
    with pytest.raises(DiffecgError, match="available: none"):
        make_windows().partition("train")


def test_windows_are_selected_by_label():
    windows = make_windows(labels=("N", "V", "?"))
    assert np.array_equal(windows.with_label("V").signal, windows.signal[[1]])
    assert windows.counts() == {"N": 1, "V": 1, "?": 1}
    several = make_multilabel()
    assert np.array_equal(several.with_label("STTC").signal, several.signal[[1]])
    assert several.counts() == {"MI": 1, "NORM": 1, "STTC": 1}
    assert several.unique_labels() == ["MI", "NORM", "STTC"]


def test_windows_are_taken_by_mask_number_or_order():
    windows = make_windows(seed=[5, 6, 7])
    assert windows.take([2, 0]).seeds == (7, 5)
    assert windows.take(np.array([False, True, False])).seeds == (6,)


def test_columns_can_be_removed():
    windows = make_windows(recording=["a", "b", "c"])
    assert windows.drop_columns("recording", "unknown").index.columns.tolist() == ["label"]
    assert windows.recordings.tolist() == ["a", "b", "c"]


def test_concatenation_keeps_signals_columns_and_provenance():
    real = make_windows(
        info={"rate": 1, "split": "strict"}, recording=["a", "b", "c"], rr_before_s=[0.8, 0.9, 1.0]
    )
    synthetic = make_windows(
        labels=("S", "V"),
        info={"rate": 1, "model": "m"},
        seed=np.array([BIG_SEED, 3]),
        beats=["20:S", "20:V"],
    )
    both = concatenate([real, synthetic])
    assert np.array_equal(both.signal, np.concatenate([real.signal, synthetic.signal]))
    assert both.labels.tolist() == ["N", "V", "N", "S", "V"]
    assert set(both.index.columns) == {"label", "recording", "rr_before_s", "seed", "beats"}
    assert both.seeds == (BIG_SEED, 3)
    assert both.recordings.tolist() == ["a", "b", "c", "", ""]
    assert both.index["rr_before_s"].tolist()[:3] == [0.8, 0.9, 1.0]
    assert both.index["rr_before_s"].isna().tolist() == [False] * 3 + [True] * 2
    assert both.beats == [[], [], [], [(20, "S")], [(20, "V")]]
    assert both.r_peak == 20
    assert both.info == {"rate": 1, "sources": [real.info, synthetic.info]}
    assert concatenate([real]) is real
    assert concatenate([real, real]).info == real.info


def test_concatenation_fills_labels_and_takes_known_channels_and_r_peaks():
    unlabelled = make_windows().drop_columns("label")
    generic = make_windows(leads=("lead 1",), r_peak=None)
    both = concatenate([unlabelled, generic])
    assert both.labels.tolist() == ["?", "?", "?", "N", "V", "N"]
    assert both.channel_names == ("II",)
    assert both.r_peak == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fs_hz": 250.0}, "differ in rate .100 Hz and 250 Hz"),
        ({"length": 41}, "differ in length .40 samples and 41 samples"),
        ({"leads": ("V5",)}, "differ in channels .II and V5"),
        ({"leads": ("II", "V5")}, "differ in units"),
        ({"r_peak": 19}, "differ in R peak .sample 19 and sample 20"),
    ],
)
def test_windows_that_do_not_fit_are_not_concatenated(change, message):
    with pytest.raises(DiffecgError, match=message):
        concatenate([make_windows(), make_windows(**change)])


def test_an_empty_sequence_is_not_concatenated():
    with pytest.raises(DiffecgError, match="no windows to concatenate"):
        concatenate([])


def test_millivolts_are_converted_from_volts_and_refused_for_other_units():
    index = pd.DataFrame({"label": ["N"]})
    signal = np.full((1, 2, 4), 500.0, np.float32)
    channels = make_channels(["I", "II"], ["uV", "mV"])
    windows = Windows(signal=signal, fs_hz=100.0, channels=channels, index=index)
    assert windows.signal_mv[0, :, 0].tolist() == [0.5, 500.0]
    channels = make_channels(["I", "ABP"], ["mV", "mmHg"])
    windows = Windows(signal=signal, fs_hz=100.0, channels=channels, index=index)
    assert (windows.signal == 500).all()
    with pytest.raises(DiffecgError, match="channel ABP is in 'mmHg', which is not a voltage"):
        _ = windows.signal_mv


FILES = ["v.npz", "v.csv", "v.parquet", "v", "folder"]


def write_and_read(windows, path):
    """Write windows in the format of a path, or to a folder of prepared windows, and read them."""
    (write_folder if path.name == "folder" else write_windows)(windows, path)
    return read_windows(path)


@pytest.mark.parametrize("name", FILES)
def test_files_keep_every_column_of_the_index(tmp_path, name):
    windows = make_windows(
        leads=("II", "V5"),
        seed=[7, 8, BIG_SEED - 2**61],
        recording=["100", "101", "101"],
        partition=["train", "test", "train"],
        lead="II+V5",
        rr_before_s=[0.8 + 1 / 3, np.nan, 1.0],
        rr_after_s=[0.1, 0.2, np.nan],
        age=[41, 52, 63],
        beats=["20:N", "3:N 20:V", "20:N"],
        site=["a", "b", "c"],
    )
    back = write_and_read(windows, tmp_path / name)
    assert np.abs(back.signal - windows.signal).max() < 1e-5
    assert (back.fs_hz, back.channel_names, back.r_peak) == (100.0, ("II", "V5"), 20)
    assert set(back.index.columns) == set(windows.index.columns)
    for column in windows.index:
        found, expected = back.index[column], windows.index[column]
        if pd.api.types.is_numeric_dtype(expected):
            np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy(), err_msg=column)
        else:
            assert found.tolist() == expected.tolist(), column
    assert back.seeds == windows.seeds
    assert back.beats == windows.beats


@pytest.mark.parametrize("name", FILES)
def test_files_keep_several_labels_of_a_window(tmp_path, name):
    windows = make_multilabel()
    back = write_and_read(windows, tmp_path / name)
    assert [list(labels) for labels in back.index["labels"]] == [["NORM"], ["MI", "STTC"], []]
    assert back.counts() == windows.counts()
    np.testing.assert_array_equal(back.index["age"], windows.index["age"])


def test_a_folder_is_memory_mapped(tmp_path):
    write_folder(make_windows(), tmp_path / "folder")
    assert isinstance(read_folder(tmp_path / "folder").signal, np.memmap)


def test_the_representation_shows_size_channels_and_labels():
    windows = make_windows()
    assert repr(windows) == "<Windows 3 x 40 samples at 100 Hz: II (mV); 2 N, 1 V>"
    html = windows._repr_html_()
    assert "Windows 3 x 40 samples" in html
    assert re.search(r'<img alt="signal" src="data:image/png;base64,\w', html)
    assert "<td>V</td>" in html
    empty = windows.take([])
    assert "empty" in repr(empty)
    assert "<img" not in empty._repr_html_()


@pytest.mark.parametrize("r_peak", [-1, 100])
def test_r_peak_lies_in_the_window(r_peak):
    with pytest.raises(DiffecgError, match=rf"r_peak {r_peak} is not a sample of windows of 100 samples"):
        Windows.from_arrays(np.zeros((2, 1, 100)), 360, r_peak=r_peak)
