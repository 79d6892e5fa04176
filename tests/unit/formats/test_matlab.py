"""Reading of MATLAB files: those of challenges, exports of PhysioNet, and arrays of one's own."""

from datetime import date, time

import numpy as np
import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from diffecg.errors import DiffecgError
from diffecg.formats import matlab
from diffecg.formats.options import ReadOptions
from diffecg.formats.registry import read_recording
from diffecg.signal.channels import state_units

STORED = np.random.default_rng(0).integers(-900, 900, (12, 3000)).astype(np.int16)
SIGNAL = STORED / 1000.0


def save(folder, version="5", **variables):
    path = folder / "A0001.mat"
    savemat(path, variables, format=version)
    return path


def read(path, **options):
    return matlab.read(path, ReadOptions(**options))


def write_header(path, leads, count):
    """Write a header of the challenges of 2017, 2020 and 2021: 24 bytes precede the samples."""
    rows = [
        f"{path.name} 16+24 1000/mV 16 0 {lead[0]} {lead.sum(dtype=np.int16)} 0 {name}"
        for name, lead in zip(leads, STORED, strict=False)
    ]
    head = f"{path.stem} {count} 500 3000 05-Feb-2020 11:39:16"  # the challenge's own order of date and time
    path.with_suffix(".hea").write_text("\n".join([head, *rows, "#Age: 74", "#Sex: Male", ""]))


@pytest.mark.parametrize("count", [1, 12])
def test_a_challenge_file_is_read_through_its_header(tmp_path, count):
    path = save(tmp_path, version="4", val=STORED[:count])
    write_header(path, matlab.STANDARD_LEADS[:count], count)
    recording = read(path)
    assert recording.channel_names == matlab.STANDARD_LEADS[:count]
    assert recording.fs_hz == 500
    assert recording.start == (date(2020, 2, 5), time(11, 39, 16))
    expected = wfdb.rdrecord(str(path.with_suffix(""))).p_signal.T
    assert np.allclose(recording.signal_mv, expected)
    assert np.allclose(recording.signal_mv, SIGNAL[:count])


@pytest.mark.parametrize("version", ["4", "5"])
def test_integers_without_a_header_are_steps_until_a_unit_is_given(tmp_path, version):
    path = save(tmp_path, version=version, val=STORED[:1])
    with pytest.raises(DiffecgError, match=r"no sampling rate.*--fs"):
        read(path)
    recording = read(path, fs_hz=300)
    assert np.array_equal(recording.stored, STORED[:1])
    assert recording.units == ("adu",)
    assert recording.fs_hz == 300
    with pytest.raises(DiffecgError, match="--unit"):
        recording.default_lead()
    stated, _ = state_units(recording.channels, "uV")
    assert stated[0].unit == "uV"


def test_a_unit_that_the_user_states_is_that_of_the_steps(tmp_path):
    recording = read_recording(save(tmp_path, val=STORED[:1]), fs_hz=300, unit="uV")
    assert np.allclose(recording.signal_mv, SIGNAL[:1])
    recording = read_recording(save(tmp_path, ecg=SIGNAL[0]), fs_hz=300)
    assert np.array_equal(recording.signal_mv, SIGNAL[:1])
    assert "no unit stated for lead 1: mV assumed" in recording.assumptions


def test_the_lowest_integer_is_a_missing_sample(tmp_path):
    stored = STORED[:2].copy()
    stored[1, 30:40] = -32768
    recording = read(save(tmp_path, val=stored), fs_hz=500)
    assert np.array_equal(recording.missing, stored == -32768)


@pytest.mark.parametrize("transposed", [False, True])
def test_cpsc_2018_is_read_in_its_order_of_leads(tmp_path, transposed):
    data = SIGNAL.T if transposed else SIGNAL
    path = save(tmp_path, ECG={"sex": "Male", "age": 74, "data": data})
    with pytest.raises(DiffecgError, match=r"CPSC 2018: 500"):
        read(path)
    recording = read(path, fs_hz=500)
    assert recording.channel_names == matlab.STANDARD_LEADS
    assert np.array_equal(recording.signal, SIGNAL)
    assert "order of CPSC 2018" in recording.assumptions[0]
    assert recording.comments == ()


def test_an_export_of_physionet_is_scaled_by_its_info_file(tmp_path):
    path = save(tmp_path, val=STORED[:2])
    rows = "Row\tSignal\tGain\tBase\tUnits\n1\tMLII\t200\t1024\tmV\n2\tABP\t12.5\t-3\tmmHg\n"
    path.with_suffix(".info").write_text(
        f"Source: record mitdb/100\nSampling frequency: 360 Hz  Sampling interval: 0.002777777778 sec\n{rows}"
    )
    recording = read(path)
    assert (recording.fs_hz, recording.channel_names, recording.units) == (
        360,
        ("MLII", "ABP"),
        ("mV", "mmHg"),
    )
    assert np.allclose(recording.signal[0], (STORED[0] - 1024.0) / 200)
    assert np.allclose(recording.signal[1], (STORED[1] + 3.0) / 12.5)
    path.with_suffix(".info").write_text("Sampling frequency: 360 Hz\n")
    with pytest.raises(DiffecgError, match="does not describe 2 signals"):
        read(path)


def test_rate_names_and_unit_beside_the_array_are_used(tmp_path):
    path = save(
        tmp_path, signal=SIGNAL[:2].T, Fs=250, tm=np.arange(3000) / 250, leads=["II", "V5"], unit="µV"
    )
    recording = read(path)
    assert (recording.fs_hz, recording.channel_names, recording.units) == (250, ("II", "V5"), ("uV", "uV"))
    assert np.array_equal(recording.signal, SIGNAL[:2])
    assert read(path, fs_hz=500).fs_hz == 500


def test_a_gap_of_nan_is_missing(tmp_path):
    signal = SIGNAL[:1].copy()
    signal[0, 100:200] = np.nan
    assert np.array_equal(read(save(tmp_path, ecg=signal), fs_hz=500).missing, np.isnan(signal))


@given(leads=st.integers(1, 12), samples=st.integers(matlab.MAX_LEADS + 1, 200), transposed=st.booleans())
def test_the_longer_axis_is_time(tmp_path_factory, leads, samples, transposed):
    signal = np.random.default_rng(leads).standard_normal((leads, samples))
    path = save(tmp_path_factory.mktemp("mat"), x=signal.T if transposed else signal)
    assert np.array_equal(read(path, fs_hz=250).signal, signal)


REFUSED = {
    "two arrays": ({"a": SIGNAL, "b": SIGNAL}, r"arrays are a \(12, 3000\), b \(12, 3000\)"),
    "no array": ({"age": 3, "name": "x"}, "its arrays are none"),
    "a set of recordings": ({"val": np.zeros((162, 3000))}, r"shape \(162, 3000\)"),
    "three axes": ({"val": np.zeros((4, 12, 300))}, r"shape \(4, 12, 300\)"),
    "neither axis is time": ({"val": np.zeros((12, 40))}, r"shape \(12, 40\)"),
    "complex numbers": ({"val": SIGNAL * 1j}, "its arrays are none"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_recording_is_refused(tmp_path, case):
    variables, message = REFUSED[case]
    with pytest.raises(DiffecgError, match=message):
        read(save(tmp_path, **variables), fs_hz=500)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + b" " * 200, r"7\.3.*-v7"),
        (b"", "cannot be read as MATLAB"),
        (b"MATLAB 5.0 MAT-file", "cannot be read as MATLAB"),
        (b"\x00" * 300, "cannot be read as MATLAB|its arrays are none"),
    ],
)
def test_damaged_and_newer_files_are_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "r.mat"
    path.write_bytes(content)
    with pytest.raises(DiffecgError, match=message) as caught:
        read(path, fs_hz=500)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DiffecgError, match=r"no file at .*r\.mat"):
        read(tmp_path / "r.mat")
