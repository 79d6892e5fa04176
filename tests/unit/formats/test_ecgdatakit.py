"""Reading of files of ECG devices, against files that are written by hand from the formats' definitions."""

from datetime import date, time

import device_files
import numpy as np
import pytest
from device_files import FS_HZ, PATIENT, SAMPLES, STEP_UV, STORED
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diffecg.errors import DiffecgError
from diffecg.formats import ecgdatakit
from diffecg.formats.options import ReadOptions
from diffecg.formats.registry import output_suffix, read_recording, write_recording
from diffecg.signal.channels import state_units

pytest.importorskip("ecgdatakit")
pytest.importorskip("pydicom")

FORMATS = {
    "DICOM Waveform": (".dcm", device_files.write_dicom, 2 * STEP_UV),  # with a correction factor of 2
    "SCP-ECG": (".scp", device_files.write_scp, STEP_UV),
    "HL7 aECG": (".xml", device_files.write_aecg, STEP_UV),
    "GE MUSE XML": (".xml", device_files.write_muse, STEP_UV),
    "Philips Sierra XML": (".xml", device_files.write_sierra, STEP_UV),
    "Mortara ELI (EL250/ELI280)": (".xml", device_files.write_mortara, STEP_UV),
    "ISHNE Holter": (".ecg", device_files.write_ishne, STEP_UV),
    "MFER": (".mwf", device_files.write_mfer, STEP_UV),
    "AliveCor Kardia JSON": (".json", device_files.write_kardia, STEP_UV),
}


def write(folder, name, **changes):
    suffix, writer, _ = FORMATS[name]
    path = folder / f"r{suffix}"
    writer(path, **changes)
    return path


def read(path, **options):
    return ecgdatakit.read(path, ReadOptions(**options))


@pytest.mark.parametrize("name", FORMATS)
def test_samples_units_rate_names_and_start_are_those_of_the_file(tmp_path, name):
    recording = read(write(tmp_path, name))
    assert recording.format == name
    assert recording.channel_names == ("I", "II")
    assert [channel.kind for channel in recording.channels] == ["ecg", "ecg"]
    assert recording.fs_hz == FS_HZ
    assert recording.samples == SAMPLES
    assert np.array_equal(recording.stored, STORED)
    assert np.allclose(recording.signal_mv, STORED * FORMATS[name][2] / 1000, rtol=1e-12)
    assert not recording.missing.any()
    day, clock = recording.start
    assert day == date(2024, 2, 29)
    assert clock.replace(microsecond=0) == time(10, 11, 12)
    assert PATIENT not in f"{recording!r} {recording.comments} {recording.info} {recording.warnings}"


EXACT_RATES = {
    "DICOM Waveform": ({"rate": 128.2}, 128.2),
    "SCP-ECG": ({"interval_us": 7800}, 1e6 / 7800),
    "HL7 aECG": ({"increment_s": "0.0078"}, 1 / 0.0078),
    "MFER": ({"interval": 78}, 1 / 0.0078),
    "AliveCor Kardia JSON": ({"rate": 299.7}, 299.7),
}


@pytest.mark.parametrize("name", EXACT_RATES)
def test_a_rate_with_decimals_is_kept(tmp_path, name):
    changes, rate = EXACT_RATES[name]
    assert read(write(tmp_path, name, **changes)).fs_hz == pytest.approx(rate, rel=1e-8)


@pytest.mark.parametrize("name", ["GE MUSE XML", "Philips Sierra XML", "Mortara ELI (EL250/ELI280)"])
def test_a_rate_with_decimals_that_would_be_rounded_is_refused(tmp_path, name):
    with pytest.raises(DiffecgError, match=r"499\.6.*not whole"):
        read(write(tmp_path, name, rate="499.6"))
    assert read(write(tmp_path, name, rate="500.0")).fs_hz == 500


def test_a_negative_exponent_of_the_rate_is_refused(tmp_path):
    with pytest.raises(DiffecgError, match="not whole"):
        read(write(tmp_path, "GE MUSE XML", rate="4996", exponent=-1))


def test_philips_files_are_read_in_utf_16(tmp_path):
    path = write(tmp_path, "Philips Sierra XML", encoding="UTF-16")
    assert np.array_equal(read(path).stored, STORED)
    with pytest.raises(DiffecgError, match="not whole"):
        read(write(tmp_path, "Philips Sierra XML", encoding="UTF-16", rate="499.6"))


def test_dicom_agrees_with_pydicom(tmp_path):
    import pydicom
    from pydicom.waveforms import multiplex_array

    path = write(tmp_path, "DICOM Waveform", baseline=120.5)
    expected_uv = multiplex_array(pydicom.dcmread(path), 0, as_raw=False)
    assert np.allclose(read(path).signal_mv, expected_uv.T / 1000)


@pytest.mark.parametrize(("unit", "in_mv"), [("mV", 1.0), ("V", 1e3), ("uV", 1e-3), ("nV", 1e-6)])
def test_the_unit_of_the_file_sets_the_scale(tmp_path, unit, in_mv):
    recording = read(write(tmp_path, "HL7 aECG", unit=unit, origin="12.5"))
    assert np.allclose(recording.signal_mv, (12.5 + STORED * STEP_UV) * in_mv)


UNSCALED = {
    "DICOM Waveform": {"unit": "[degF]"},
    "SCP-ECG": {"step_nv": 0},
    "HL7 aECG": {"unit": "furlong"},
    "GE MUSE XML": {"unit": "counts"},
    "Mortara ELI (EL250/ELI280)": {"unit_per_mv": 0},
    "ISHNE Holter": {"step_nv": 0},
    "AliveCor Kardia JSON": {"resolution_nv": None},
}


@pytest.mark.parametrize("name", UNSCALED)
def test_samples_of_an_unknown_unit_are_steps_until_it_is_given(tmp_path, name):
    recording = read(write(tmp_path, name, **UNSCALED[name]))
    assert recording.units == ("adu", "adu")
    assert np.array_equal(recording.stored, STORED)
    with pytest.raises(DiffecgError, match=r"unit of voltage .*I \(adu, ecg\).*--unit"):
        recording.default_lead()
    stated, _ = state_units(recording.channels, "uV")
    assert [channel.unit for channel in stated] == ["uV", "uV"]


@pytest.mark.parametrize("name", ["SCP-ECG", "ISHNE Holter"])
def test_a_file_that_does_not_match_its_checksum_is_refused(tmp_path, name):
    path = write(tmp_path, name, damaged=True)
    with pytest.raises(DiffecgError, match="checksum"):
        read(path)
    assert read(path, verify=False).samples == SAMPLES


SHIFTED = {
    "DICOM Waveform": {"skew": 3},
    "GE MUSE XML": {"later_ms": 2500},
    "MFER": {"skew_ns": 500},
}


@pytest.mark.parametrize("name", SHIFTED)
def test_leads_that_are_shifted_against_each_other_are_refused(tmp_path, name):
    with pytest.raises(DiffecgError, match=r"convert it to EDF"):
        read(write(tmp_path, name, **SHIFTED[name]))


def test_a_lead_that_begins_later_is_missing_before(tmp_path):
    recording = read(write(tmp_path, "SCP-ECG", starts=(1, 101)))
    assert recording.samples == SAMPLES + 100
    assert np.array_equal(recording.missing[0], np.arange(SAMPLES + 100) >= SAMPLES)
    assert np.array_equal(recording.missing[1], np.arange(SAMPLES + 100) < 100)
    assert np.array_equal(recording.stored[1, 100:], STORED[1])


@pytest.mark.parametrize("differences", [0, 1, 2])
def test_compressed_scp_files_hold_the_same_samples(tmp_path, differences):
    assert np.array_equal(read(write(tmp_path, "SCP-ECG", differences=differences)).stored, STORED)


def test_padding_and_lead_faults_are_missing(tmp_path):
    value = int(STORED[0, 7])
    for name, change in (("DICOM Waveform", "padding"), ("MFER", "missing")):
        recording = read(write(tmp_path, name, **{change: value}))
        assert np.array_equal(recording.missing, value == STORED)
    fault = STORED.copy()
    fault[1, 20:30] = -32768
    recording = read(write(tmp_path, "ISHNE Holter", stored=fault))
    assert np.array_equal(recording.missing, fault == -32768)


def test_what_is_not_read_is_a_warning(tmp_path):
    recording = read(write(tmp_path, "DICOM Waveform", groups=2))
    assert "1 additional multiplex group" in recording.warnings[0]


@pytest.mark.parametrize("suffix", ecgdatakit.SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"<a/>", b"{}", b"\0" * 4000, b"ISHNE1.0"])
def test_other_content_is_refused_in_one_line_with_a_way_out(tmp_path, suffix, content):
    path = tmp_path / f"r{suffix}"
    path.write_bytes(content)
    with pytest.raises(DiffecgError, match=r"cannot be read as") as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_is_refused(tmp_path, name):
    path = write(tmp_path, name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    if name == "ISHNE Holter":  # its length is that of the file
        assert read(path).samples < SAMPLES
        assert "declares 1000 samples" in " ".join(read(path).warnings)
    else:
        with pytest.raises(DiffecgError, match=r"cannot be read as"):
            read(path)


@given(
    stored=arrays(np.int64, st.tuples(st.just(2), st.integers(2, 50)), elements=st.integers(-32767, 32767)),
    step_nv=st.integers(1, 32767),
)
def test_any_samples_and_steps_of_a_holter_recording_are_read(tmp_path_factory, stored, step_nv):
    path = tmp_path_factory.mktemp("holter") / "r.ecg"
    device_files.write_ishne(path, step_nv=step_nv, stored=stored)
    recording = read(path)
    assert np.array_equal(recording.stored, stored)
    assert np.allclose(recording.signal_mv, stored * step_nv * 1e-6, rtol=1e-12)


@pytest.mark.parametrize("suffix", ["", ".edf", ".csv"])
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_read_can_be_written_in_other_formats(tmp_path, name, suffix):
    recording = read_recording(write(tmp_path, name))
    back = read_recording(write_recording(tmp_path / f"copy{suffix}", recording))
    assert np.allclose(back.signal_mv, recording.signal_mv, atol=1e-4)  # EDF: ranges of 8 characters
    assert (back.fs_hz, back.channel_names) == (recording.fs_hz, recording.channel_names)
    assert output_suffix(recording) == ""
    with pytest.raises(DiffecgError, match=r"unknown suffix.*choose one of none \(WFDB\), \.edf"):
        write_recording(tmp_path / f"copy{FORMATS[name][0]}", recording)


def test_a_unit_that_the_user_states_is_that_of_the_steps(tmp_path):
    path = write(tmp_path, "GE MUSE XML", unit="counts")
    assert np.allclose(read_recording(path, unit="uV").signal_mv, STORED / 1000)


def test_a_file_that_is_named_by_a_number_is_recognised(tmp_path):
    path = write(tmp_path, "DICOM Waveform").rename(tmp_path / "1.2.840.113")
    assert read_recording(path).format == "DICOM Waveform"
    with pytest.raises(DiffecgError, match=r"BrainVision.*MNE"):
        read_recording(tmp_path / "r.vhdr")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DiffecgError, match=r"no file at .*r\.dcm"):
        read(tmp_path / "r.dcm")
