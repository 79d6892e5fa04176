"""Printed sheets over HTTP: at true scale, with the leads where a cardiograph prints them."""

import numpy as np
import pytest
from helpers import make_ecg
from pdf_files import pdf_traces
from servers import serving

import diffecg
from diffecg.formats.recording import Recording

FS_HZ, DURATION_S = 250.0, 30.0
LEADS = ["I", "II", "V1", "V2", "V3", "V4", "V5", "V6"]


@pytest.fixture(scope="module")
def server():
    with serving("--model", "mitbih-beat-fast") as started:
        yield started


def upload(server, folder, leads):
    signal_mv = (
        make_ecg(2, duration_s=DURATION_S, fs_hz=FS_HZ)[:1] * np.linspace(0.5, 1.5, len(leads))[:, None]
    )
    recording = Recording.from_arrays(signal_mv, FS_HZ, channel_names=leads, name="subject")
    path = diffecg.write_recording(folder / "subject.edf", recording)
    return server.upload(path).json()["id"], signal_mv


def traces(server, recording, **query):
    """Return the traces of a sheet, in mm."""
    answer = server("GET", f"/api/recordings/{recording}/sheet", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return pdf_traces(answer.content)


@pytest.mark.parametrize(("layout", "rows", "columns"), [("3x4", 3, 4), ("6x2", 6, 2)])
@pytest.mark.parametrize("speed", [25, 50])
def test_12_leads_are_printed_in_columns_above_a_rhythm_strip(server, tmp_path, layout, rows, columns, speed):
    recording, signal_mv = upload(server, tmp_path, LEADS)
    shown = traces(server, recording, layout=layout, speed=speed, start=10)
    widths = [np.ptp(path[:, 0]) for path in shown]
    assert len(widths) == 12 + 1
    assert sum(np.isclose(widths, 250 / columns, atol=0.3)) == 12
    assert sum(np.isclose(widths, 250, atol=0.3)) == 1
    tops = sorted({round(np.median(path[:, 1]) / 5) for path in shown})
    assert len(tops) == rows + 1
    strip = max(shown, key=lambda path: np.ptp(path[:, 0]))
    part = signal_mv[1, round(10 * FS_HZ) : round((10 + 250 / speed) * FS_HZ)]
    assert np.ptp(strip[:, 1]) == pytest.approx(10 * np.ptp(part), abs=0.3), "10 mm/mV"


def test_a_quiz_of_12_leads_names_no_recording(server, tmp_path):
    recording, _ = upload(server, tmp_path, LEADS)
    answer = server("GET", f"/api/recordings/{recording}/sheet", params={"layout": "3x4", "rhythm": "hidden"})
    assert "quiz" in answer.headers["content-disposition"]
    assert "subject" not in answer.headers["content-disposition"]


def test_the_layout_of_12_leads_needs_six_of_them(server, tmp_path):
    recording, _ = upload(server, tmp_path, ["V1", "V2"])
    answer = server("GET", f"/api/recordings/{recording}/sheet", params={"layout": "3x4"})
    assert answer.status_code == 422
    assert "fewer than six of the 12 leads" in answer.json()["detail"]
    assert len(traces(server, recording, leads=["V1", "V2"], seconds=20)) == 4
