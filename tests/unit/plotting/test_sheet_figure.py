"""Sheets of ECG: what they show, to which scale."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from diffecg.errors import DiffecgError
from diffecg.plotting.sheet import LAYOUTS, EcgSheet, SheetText
from diffecg.plotting.sheet_figure import check_sheet_file, save_sheets, sheet_figure
from diffecg.signal.limb_leads import STANDARD_LEADS

FS_HZ = 100.0
ROWS = (*LAYOUTS["3x4"], ("II",))


def make_sheet(samples=1000, rows=ROWS, leads=STANDARD_LEADS, **fields):
    """Return a sheet of leads that are all different."""
    signal_mv = np.random.default_rng(0).normal(scale=0.2, size=(len(leads), samples))
    return EcgSheet(leads_mv=dict(zip(leads, signal_mv, strict=True)), fs_hz=FS_HZ, rows=rows, **fields)


def traces(figure):
    """Return x and y in mm of the traces, which are the lines of many samples."""
    lines = [line for axes in figure.axes for line in axes.lines]
    assert all(to_rgba(line.get_color()) == to_rgba("black") for line in lines)
    return [line.get_xydata().T for line in lines if len(line.get_xdata()) > 6]


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_shows_each_of_the_12_leads_once_and_fits_a4(layout):
    assert sorted(lead for row in LAYOUTS[layout] for lead in row) == sorted(STANDARD_LEADS)
    sheet = make_sheet(rows=(*LAYOUTS[layout], ("II",)))
    width_mm, height_mm = sheet.page_mm
    assert width_mm <= 297
    assert height_mm <= 210


@pytest.mark.parametrize("zoom", [1.0, 0.5])
def test_the_figure_is_to_scale(zoom):
    figure = sheet_figure([make_sheet()], zoom=zoom)
    (axes,) = figure.axes
    box = axes.get_position()
    width_mm = box.width * figure.get_figwidth() * 25.4
    height_mm = box.height * figure.get_figheight() * 25.4
    assert width_mm == pytest.approx(zoom * np.ptp(axes.get_xlim()))
    assert height_mm == pytest.approx(zoom * np.ptp(axes.get_ylim()))
    for fine, coarse in (
        (axes.get_xticks(minor=True), axes.get_xticks()),
        (axes.get_yticks(minor=True), axes.get_yticks()),
    ):
        assert np.diff(np.union1d(fine, coarse)) == pytest.approx(1.0)
        assert np.diff(coarse) == pytest.approx(5.0)


def test_panels_follow_each_other_in_time_at_25_mm_a_second_and_10_mm_a_millivolt():
    sheet = make_sheet()
    drawn = traces(sheet_figure([sheet]))
    shown = [(lead, column * 250, 250) for row in ROWS[:3] for column, lead in enumerate(row)]
    shown.append(("II", 0, 1000))
    assert len(drawn) == len(shown) == 13
    for (x_mm, y_mm), (lead, first, count) in zip(drawn, shown, strict=True):
        signal_mv = sheet.leads_mv[lead][first : first + count + 1]
        assert x_mm == pytest.approx(12 + (first + np.arange(len(signal_mv))) / FS_HZ * 25)
        assert np.diff(y_mm) == pytest.approx(np.diff(signal_mv) * 10)
        assert np.median(y_mm) % 5 == pytest.approx(0, abs=1e-9), "medians lie on lines of the grid"


def test_a_millivolt_is_as_high_as_the_calibration_pulse():
    sheet = make_sheet(mm_per_mv=5.0)
    (axes,) = sheet_figure([sheet]).axes
    pulses = [line for line in axes.lines if len(line.get_xdata()) == 6]
    assert [np.ptp(pulse.get_ydata()) for pulse in pulses] == [5.0] * 4
    assert np.ptp(traces(axes.figure)[-1][1]) == pytest.approx(5 * np.ptp(sheet.leads_mv["II"]))
    assert "25 mm/s   5 mm/mV   100 Hz" in texts(axes.figure)


def test_all_leads_of_a_short_recording_begin_at_its_start():
    sheet = make_sheet(samples=300)
    figure = sheet_figure([sheet])
    for (_, y_mm), lead in zip(traces(figure), [lead for row in ROWS for lead in row], strict=True):
        count = len(y_mm)
        assert count == (300 if lead == "II" and count > 251 else 251)
        assert np.diff(y_mm) == pytest.approx(10 * np.diff(sheet.leads_mv[lead][:count]))
    assert any("all leads from the same time" in text for text in texts(figure))


def test_only_the_first_ten_seconds_are_shown():
    drawn = traces(sheet_figure([make_sheet(samples=5000)]))
    assert max(x_mm.max() for x_mm, _ in drawn) == 12 + 250


def test_leads_without_samples_are_said_to_be_missing_and_gaps_stay_open():
    sheet = make_sheet(leads=STANDARD_LEADS[:-1])
    sheet.leads_mv["V5"][:] = np.nan
    sheet.leads_mv["II"][100:200] = np.nan
    figure = sheet_figure([sheet])
    assert {text for text in texts(figure) if "not recorded" in text} == {
        "V5 not recorded",
        "V6 not recorded",
    }
    assert len(traces(figure)) == 11
    assert np.isnan(traces(figure)[-1][1]).sum() == 100


def test_labels_stand_over_their_beats_above_the_rhythm_strip():
    sheet = make_sheet(beats=[(100, "N"), (350, "V")])
    (axes,) = sheet_figure([sheet]).axes
    placed = {text.get_text(): text.get_position() for text in axes.texts}
    assert (placed["N"][0], placed["V"][0]) == (12 + 25, 12 + 87.5)
    assert placed["V"][1] > traces(axes.figure)[-1][1].max()


def test_the_header_says_what_is_known():
    text = SheetText(title="MI", statements=["a" * 10] * 7, age_years=63.0, sex="female")
    shown = texts(sheet_figure([make_sheet(text=text, is_synthetic=True)]))
    assert {"MI", "63 years, female", "Synthetic ECG, not of any person"} <= set(shown)
    assert text.lines == ["a" * 10] * 4 + ["…"]
    assert "Synthetic ECG, not of any person" not in texts(sheet_figure([make_sheet()]))


def test_sheets_in_one_figure_do_not_overlap():
    sheets = [make_sheet(), make_sheet(rows=(("II",),)), make_sheet()]
    figure = sheet_figure(sheets, columns=2)
    boxes = [axes.get_position() for axes in figure.axes]
    assert all(not one.overlaps(other) for one in boxes for other in boxes if one is not other)
    assert boxes[0].y1 == pytest.approx(boxes[1].y1), "sheets beside each other are aligned at the top"
    heights = [box.height * figure.get_figheight() * 25.4 for box in boxes]
    assert heights == pytest.approx([sheet.grid_mm[1] for sheet in sheets])


def test_files_are_the_same_each_time_and_a_pdf_has_an_a4_page_for_each_sheet(tmp_path):
    sheets = [make_sheet(rows=(("II",),)), make_sheet(rows=(("V1", "V2"),))]
    for suffix in (".png", ".pdf"):
        for name in ("a", "b"):
            save_sheets(sheets, tmp_path / f"{name}{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    boxes = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", (tmp_path / "a.pdf").read_bytes())
    assert len(boxes) == 2
    for box in boxes:
        assert [float(points) / 72 * 25.4 for points in box] == pytest.approx([297, 210], abs=0.01)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "a.png", "b.pdf", "b.png"]


def test_a_trace_that_leaves_the_sheet_is_said_to():
    sheet = make_sheet(rows=(("II",),))
    assert sheet.is_complete
    sheet.leads_mv["II"][500] = 10.0
    assert not sheet.is_complete
    assert "traces leave the sheet: choose fewer mm/mV" in sheet.footer


def test_files_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(DiffecgError, match=r"'\.jpg'; sheets are written as \.png or \.pdf"):
        check_sheet_file(tmp_path / "sheet.jpg", 1)
    with pytest.raises(DiffecgError, match=r"21 sheets are too many for one \.png"):
        check_sheet_file(tmp_path / "sheet.png", 21)
    check_sheet_file(tmp_path / "sheet.pdf", 21)
