"""Signals as users have them are interpreted correctly, or refused with the way out."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffecg.errors import DiffecgError
from diffecg.signal.arrays import MAX_LEADS, as_floats, interpret_signal

SHAPES = {
    (100,): "time",
    (2, 100): "lead time",
    (100, 2): "time lead",
    (12, 5000): "lead time",
    (5000, 12): "time lead",
    (1, 30): "lead time",
    (30, 1): "time lead",
    (7, 1, 187): "window lead time",
    (7, 187, 1): "window time lead",
    (900, 12, 1000): "window lead time",
    (900, 1000, 12): "window time lead",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_longer_of_the_last_two_axes_is_time(shape):
    values = np.random.default_rng(0).random(shape)
    array = interpret_signal(values)
    assert array.axes == SHAPES[shape]
    assert array.windows.shape[2] == max(shape[-2:])
    assert np.array_equal(array.restore(array.windows), values)


@given(
    windows=st.integers(1, 4),
    leads=st.integers(1, 12),
    extra=st.integers(0, 40),
    draws=st.integers(1, 3),
    swapped=st.booleans(),
)
def test_results_have_the_axes_of_the_signal(windows, leads, extra, draws, swapped):
    time = 2 * leads + extra
    values = np.arange(windows * leads * time, dtype=float).reshape(windows, leads, time)
    given_axes = values.swapaxes(1, 2) if swapped else values
    array = interpret_signal(given_axes)
    assert np.array_equal(array.windows, values)
    result = array.restore(np.stack([values + draw for draw in range(draws)]))
    assert np.array_equal(result, np.stack([given_axes + draw for draw in range(draws)]))
    one = interpret_signal(given_axes[0])
    assert np.array_equal(one.windows[0], values[0])
    assert np.array_equal(one.restore(values[:1]), given_axes[0])


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((12, 12), r"axes='lead time' or axes='time lead'"),
        ((12, 20), "may be"),
        ((5, 12, 10), r"axes='window lead time' or axes='window time lead'"),
        ((500, 187), r"no axis of at most 64 leads; .*\(window, 1, time\)"),
        ((3, 500, 187), "no axis of at most 64 leads"),
        ((2, 3, 4, 5), "shape"),
        ((0,), "shape"),
        ((0, 10), "shape"),
        ((), "shape"),
    ],
)
def test_axes_in_doubt_are_refused_with_the_way_out(shape, message):
    with pytest.raises(DiffecgError, match=message) as caught:
        interpret_signal(np.zeros(shape))
    assert str(shape) in str(caught.value)


def test_stated_axes_decide():
    square = np.arange(144.0).reshape(12, 12)
    assert np.array_equal(interpret_signal(square, "lead time").windows[0], square)
    assert np.array_equal(interpret_signal(square, "time lead").windows[0], square.T)
    assert interpret_signal(np.zeros((12, 5)), "lead time").windows.shape == (1, 12, 5)
    with pytest.raises(DiffecgError, match=f"more than {MAX_LEADS} leads"):
        interpret_signal(np.zeros((65, 1000)), "lead time")
    with pytest.raises(DiffecgError, match="does not have the axes 'time'"):
        interpret_signal(square, "time")
    with pytest.raises(DiffecgError, match="unknown axes 'channel time'; choose one of 'time'"):
        interpret_signal(square, "channel time")


def test_columns_of_a_frame_are_leads():
    frame = pd.DataFrame({"I": np.arange(10.0), "II": np.arange(10)})
    frame.loc[3, "I"] = np.nan
    array = interpret_signal(frame)
    assert array.axes == "time lead"
    assert np.array_equal(array.windows[0], frame.to_numpy().T, equal_nan=True)
    assert interpret_signal(frame.iloc[:2]).windows.shape == (1, 2, 2), "a square is no doubt for a frame"
    assert interpret_signal(frame["II"]).axes == "time"
    nullable = interpret_signal(frame.convert_dtypes())
    assert np.array_equal(nullable.windows, array.windows, equal_nan=True)
    assert interpret_signal(frame.astype("float32")).windows.dtype == np.float32
    with pytest.raises(DiffecgError, match="column 'text' of the DataFrame, of type"):
        interpret_signal(frame.assign(text="N"))
    with pytest.raises(DiffecgError, match="column 'ok'"):
        interpret_signal(frame.assign(ok=True))
    with pytest.raises(DiffecgError, match=r"2 row\(s\) and 10 columns, .*transpose"):
        interpret_signal(frame.T)


@pytest.mark.parametrize("heading", ["time", "sample #", "heart_rate", "label", "index"])
def test_columns_that_are_no_leads_are_refused(heading):
    frame = pd.DataFrame({heading: np.arange(9.0), "II": np.zeros(9)})
    with pytest.raises(DiffecgError, match=f"column '{heading}' of the DataFrame is not a lead"):
        interpret_signal(frame)


@pytest.mark.parametrize(("heading", "unit"), [("II (uV)", "uV"), ("II [µV]", "uV"), ("ABP (mmHg)", "mmHg")])
def test_columns_in_other_units_are_refused(heading, unit):
    with pytest.raises(DiffecgError, match=f"is in {unit}, and signals are in mV"):
        interpret_signal(pd.DataFrame({heading: np.zeros(9)}))
    for same in ("II (mV)", "V", 0, ("I", "raw")):
        assert interpret_signal(pd.DataFrame({same: np.zeros(9)})).windows.shape == (1, 1, 9)


def test_masked_samples_are_missing():
    values = np.arange(6)
    masked = np.ma.masked_array(values, values == 2)
    expected = [0, 1, np.nan, 3, 4, 5]
    assert np.array_equal(as_floats(masked), expected, equal_nan=True)
    both = as_floats([masked, np.ma.masked_array(values, values == 4)])
    assert np.argwhere(np.isnan(both)).tolist() == [[0, 2], [1, 4]]
    assert np.array_equal(as_floats(np.ma.masked_array(values)), values)


@pytest.mark.parametrize("dtype", ["i1", "u2", "i8", ">i2", "f2", "f4", "f8", ">f4", ">f8", "g"])
def test_numbers_of_any_real_type_keep_their_values(dtype):
    values = np.arange(20).astype(dtype)
    floats = as_floats(values)
    assert np.array_equal(floats, np.arange(20))
    assert floats.dtype == (np.float32 if dtype in ("f2", "f4", ">f4") else np.float64)
    assert floats.dtype.isnative


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int16])
def test_tensors_are_signals(dtype):
    tensor = torch.arange(20).reshape(2, 10).to(dtype)
    assert np.array_equal(interpret_signal(tensor).windows[0], np.arange(20).reshape(2, 10))
    if dtype.is_floating_point:
        assert as_floats(tensor.requires_grad_()).shape == (2, 10)


@pytest.mark.parametrize(
    "data",
    [
        [True, False],
        [1.0, 1j],
        np.array([1.0, None], dtype=object),
        ["0.1", "0.2"],
        [[1.0], [1.0, 2.0]],
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        {"II": [1.0]},
        None,
        b"ecg",
    ],
)
def test_what_holds_no_real_numbers_is_refused(data):
    with pytest.raises(DiffecgError, match="array of numbers"):
        interpret_signal(data)


def test_masks_have_the_axes_of_the_signal_or_time():
    array = interpret_signal(np.zeros((30, 2)))
    noisy = np.zeros((30, 2), bool)
    noisy[7, 1] = True
    assert np.argwhere(array.mask(noisy, "noisy")).tolist() == [[0, 1, 7]]
    assert array.mask(np.ones(30, bool), "noisy").shape == (1, 2, 30)
    for wrong in (noisy.T, np.zeros(2, bool), noisy.astype(int)):
        with pytest.raises(DiffecgError, match=r"noisy, of shape .* True or False for each of \(30, 2\)"):
            array.mask(wrong, "noisy")


@pytest.mark.parametrize("index", [None, np.arange(20) / 4, pd.date_range("2023-01-05", None, 20, "4ms")])
def test_frames_whose_index_has_gaps_are_refused(index):
    series = pd.Series(np.arange(20.0), index=index)
    assert interpret_signal(series).windows.shape == (1, 1, 20)
    for data in (series.drop(series.index[5]), series.to_frame("II").drop(series.index[5:8])):
        with pytest.raises(DiffecgError, match="rows are missing between"):
            interpret_signal(data)
