"""Sheets of consecutive rows: their scale, measured in the files, and what they say."""

from io import BytesIO

import matplotlib.image
import numpy as np
import pytest
from pdf_files import pdf_paths, pdf_traces

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.strip_sheet import QUIZ_TITLE, as_quiz, strip_sheets
from diffecg.plotting.sheet import SheetText, SyntheticPart
from diffecg.plotting.sheet_figure import sheet_figure, sheets_content

FS_HZ = 250.0


def spikes(height_mv=1.0, depth_mv=0.0, duration_s=30.0, leads=("II",), **fields):
    """Return a recording with a spike upwards at each whole second, and one downwards half a second later."""
    time = np.arange(round(duration_s * FS_HZ))
    signal_mv = np.where(time % FS_HZ == 0, height_mv, np.where(time % FS_HZ == FS_HZ / 2, -depth_mv, 0.0))
    return Recording.from_arrays(
        np.stack([signal_mv] * len(leads)), FS_HZ, channel_names=leads, name="r", **fields
    )


@pytest.mark.parametrize(("mm_per_s", "mm_per_mv"), [(25.0, 5.0), (25.0, 10.0), (50.0, 10.0), (50.0, 20.0)])
def test_seconds_and_millivolts_measure_in_the_pdf_what_the_caption_says(mm_per_s, mm_per_mv):
    sheets = strip_sheets(spikes(), ["II"], duration_s=20, mm_per_s=mm_per_s, mm_per_mv=mm_per_mv)
    assert all(f"{mm_per_s:g} mm/s   {mm_per_mv:g} mm/mV" in sheet.footer for sheet in sheets)
    content = sheets_content(sheets, "pdf")
    traces = pdf_traces(content)
    assert len(traces) == 20 * mm_per_s / 250
    for x_mm, y_mm in (trace.T for trace in traces):
        base_mm = np.median(y_mm)
        tips = np.unique(x_mm[y_mm > base_mm + 0.99 * mm_per_mv].round(3))
        assert np.ptp(y_mm) == pytest.approx(mm_per_mv, abs=0.01)
        assert np.diff(tips) == pytest.approx(mm_per_s, abs=0.01)
    pulses = [path for path in pdf_paths(content) if len(path) == 6]
    assert len(pulses) == len(traces)
    assert all(np.ptp(pulse[:, 1]) == pytest.approx(mm_per_mv, abs=0.01) for pulse in pulses)


def test_seconds_measure_25_mm_in_the_png():
    content = sheets_content(strip_sheets(spikes(), ["II"], duration_s=10), "png")
    dots_per_m = int.from_bytes(content[content.index(b"pHYs") + 4 :][:4], "big")
    pixels = matplotlib.image.imread(BytesIO(content))[..., :3]
    assert [size / dots_per_m * 1000 for size in pixels.shape[1::-1]] == pytest.approx([297, 210], abs=0.2)
    is_black = (pixels < 0.3).all(axis=2)
    level = is_black.sum(axis=1).argmax()
    tips = np.flatnonzero(is_black[level - round(5 * dots_per_m / 1000)])
    tips = tips[np.diff(tips, prepend=-9) > 1] / dots_per_m * 1000
    tips = tips[(tips > 30) & (tips < 280)]
    assert len(tips) >= 8
    assert np.diff(tips) == pytest.approx(25, abs=0.3)


@pytest.mark.parametrize(("height_mv", "depth_mv"), [(1.0, 0.5), (4.0, 5.0), (0.5, 12.0), (300.0, 500.0)])
def test_no_sample_is_cut_whatever_the_range(height_mv, depth_mv):
    sheets = strip_sheets(spikes(height_mv, depth_mv), ["II"], duration_s=30)
    assert all(sheet.is_complete and "leave the sheet" not in sheet.footer for sheet in sheets)
    heights = [np.ptp(trace[:, 1]) for trace in pdf_traces(sheets_content(sheets, "pdf"))]
    scale = sheets[0].mm_per_mv
    assert heights == pytest.approx([(height_mv + depth_mv) * scale] * 3, rel=1e-3)
    assert f"{scale:g} mm/mV" in sheets[0].footer
    levels = [panel.level_mm for row in range(len(sheets[0].rows)) for panel in sheets[0].panels(row)]
    assert all(level % 5 == 0 for level in levels)
    for one, below in zip(levels, levels[1:], strict=False):
        assert one - below >= (height_mv + depth_mv) * scale


def test_rows_continue_on_further_pages_and_say_their_time():
    sheets = strip_sheets(spikes(duration_s=200.0), ["II"], start_s=60, duration_s=120)
    titles = [title for sheet in sheets for title in sheet.row_titles]
    assert titles == [f"{60 + 10 * row} s" for row in range(12)]
    assert [sheet.remarks[-1] for sheet in sheets] == [
        f"page {n + 1} of {len(sheets)}" for n in range(len(sheets))
    ]


def test_what_a_model_wrote_is_marked_in_its_row():
    recording = spikes(leads=("II", "V1"))
    part = SyntheticPart("V1", 12.0, 13.0)
    (sheet,) = strip_sheets(recording, ["II", "V1"], duration_s=20, synthetic=[part])
    (axes,) = sheet_figure([sheet]).axes
    bars = [line for line in axes.lines if line.get_color() != "black"]
    (x_mm,) = [bar.get_xdata() for bar in bars]
    assert np.asarray(x_mm) == pytest.approx([12 + 50, 12 + 75])
    assert [text.get_text() for text in axes.texts].count("synthetic") == 1


def test_a_quiz_keeps_the_seed_but_names_neither_rhythm_nor_beats():
    beats = [Annotation(time_s=1.0, symbol="N"), Annotation(time_s=12.0, symbol="V")]
    recording = spikes(annotations=beats, info={"synthetic": True})
    text = SheetText(title="bigeminy", statements=("V after each N",))
    (sheet,) = strip_sheets(recording, ["II"], duration_s=20, text=text, remarks=["seed 3"])
    shown, hidden = (
        [text.get_text() for text in sheet_figure([one]).axes[0].texts] for one in (sheet, as_quiz(sheet))
    )
    assert {"bigeminy", "V after each N", "N", "V"} <= set(shown)
    assert not {"bigeminy", "V after each N", "N", "V"} & set(hidden)
    assert QUIZ_TITLE in hidden
    assert "Synthetic ECG, not of any person" in hidden
    assert any("seed 3" in text for text in hidden)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mm_per_mv": 20.0}, r"1 leads of 9 mV do not fit A4 at 20 mm/mV; choose 5 mm/mV"),
        ({"mm_per_s": 0.0}, "speed 0 mm/s must be positive"),
        ({"start_s": 40.0}, "start 40 s is outside recording r"),
        ({"duration_s": 3000.0}, "300 rows of 10 s, more than 240; choose at most 2400 s"),
    ],
)
def test_what_cannot_be_printed_is_refused(options, message):
    length_s = 3600.0 if "duration_s" in options else 30.0
    with pytest.raises(DiffecgError, match=message):
        strip_sheets(spikes(4.0, 5.0, length_s), ["II"], **options)
