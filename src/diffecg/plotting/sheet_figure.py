"""Figures and files of sheets, as a cardiograph prints them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox, TransformedBbox
from numpy.typing import ArrayLike

from diffecg.errors import DiffecgError
from diffecg.files import atomic_path
from diffecg.plotting.paper import ACCENT, FAINT, INK, MM_PER_INCH, draw_grid
from diffecg.plotting.sheet import (
    A4_MM,
    FOOTER_MM,
    HEADER_MM,
    LEFT_MM,
    MARGIN_MM,
    SQUARE_MM,
    EcgSheet,
    Panel,
    SyntheticPart,
)
from diffecg.plotting.signals import figure_png, save_figure

MAX_PNG_SHEETS = 20
"""Most sheets in one PNG file."""
_PULSE_MM = 5.0
"""Width of the calibration pulse of 1 mV."""
_NAME_HEIGHT, _BEAT_HEIGHT = 0.66, 0.86
"""Least heights of names of leads and labels of beats above the level of a row, as shares of its space."""
_BAR_DEPTH = 0.8
"""Depth of the bar of synthetic intervals below the level of a row, as a share of the space there."""
_TOP_MM = 7.0
"""Space of a page above a sheet, where there is room, as printers leave out the edge."""
_LINE_WIDTH = 0.75
_NOTICE = "Synthetic ECG, not of any person"


def sheet_figure(
    sheets: Sequence[EcgSheet], *, columns: int = 1, zoom: float = 1.0, is_a4: bool = False
) -> Figure:
    """Draw sheets in one figure, to scale.

    The median of each panel is subtracted, as offsets mean nothing in an ECG. High QRS complexes reach into
    neighbouring rows and beyond the grid, as on paper.

    Args:
        sheets: at least one sheet.
        columns: number of sheets beside each other.
        zoom: scale of the figure; 1 prints to scale.
        is_a4: whether a sheet that is smaller than an A4 page is given the size of one.
    """
    columns = min(columns, len(sheets))
    lines = [sheets[first : first + columns] for first in range(0, len(sheets), columns)]
    pages_mm = [[_page_mm(sheet, is_a4) for sheet in line] for line in lines]
    heights_mm = [max(height for _, height in line) for line in pages_mm]
    page_width_mm = max(width for line in pages_mm for width, _ in line)
    width_mm, height_mm = columns * page_width_mm, sum(heights_mm)
    scale = zoom / MM_PER_INCH
    figure = Figure(figsize=(width_mm * scale, height_mm * scale), facecolor="white")
    for line, top_mm in zip(lines, np.cumsum([0, *heights_mm[:-1]]), strict=True):
        for column, sheet in enumerate(line):
            spare_mm = _page_mm(sheet, is_a4)[1] - sheet.page_mm[1]
            grid_width, grid_height = sheet.grid_mm
            left_mm = column * page_width_mm + (page_width_mm - grid_width) / 2
            bottom_mm = height_mm - top_mm - min(spare_mm / 2, _TOP_MM) - HEADER_MM - grid_height
            bounds = (
                left_mm / width_mm,
                bottom_mm / height_mm,
                grid_width / width_mm,
                grid_height / height_mm,
            )
            _draw(figure.add_axes(bounds), sheet, zoom)
    return figure


def _page_mm(sheet: EcgSheet, is_a4: bool) -> tuple[float, float]:
    """Return the width and height of the page of a sheet."""
    width_mm, height_mm = sheet.page_mm
    return (max(width_mm, A4_MM[0]), max(height_mm, A4_MM[1])) if is_a4 else (width_mm, height_mm)


def check_sheet_file(path: Path, count: int) -> None:
    """Check that a number of sheets can be written to a file of this name.

    Raises:
        DiffecgError: the suffix is neither ``.png`` nor ``.pdf``, or a PNG file would be too large.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".pdf"):
        raise DiffecgError(f"{path} has the suffix {suffix!r}; sheets are written as .png or .pdf")
    if suffix == ".png" and count > MAX_PNG_SHEETS:
        raise DiffecgError(
            f"{count} sheets are too many for one .png (at most {MAX_PNG_SHEETS}); write a .pdf, which has a "
            "page for each"
        )


def save_sheets(sheets: Sequence[EcgSheet], path: Path) -> None:
    """Write sheets to scale: to a PDF file, each on an A4 page, or to a PNG file, below each other.

    Args:
        sheets: at least one sheet.
        path: a file that :func:`check_sheet_file` accepts.
    """
    with atomic_path(path) as partial:
        if path.suffix.lower() == ".pdf":
            _write_pdf(sheets, partial)
        else:
            save_figure(sheet_figure(sheets), partial)


def sheets_content(sheets: Sequence[EcgSheet], file_format: Literal["pdf", "png"]) -> bytes:
    """Return the content of a file of A4 pages; the pages of a PNG file are below each other."""
    if file_format == "png":
        return figure_png(sheet_figure(sheets, is_a4=True))
    buffer = BytesIO()
    _write_pdf(sheets, buffer)
    return buffer.getvalue()


def _write_pdf(sheets: Sequence[EcgSheet], file: Path | BytesIO) -> None:
    with PdfPages(file, metadata={"CreationDate": None}) as pages:
        for sheet in sheets:
            pages.savefig(sheet_figure([sheet], is_a4=True))


def _draw(axes: Axes, sheet: EcgSheet, zoom: float) -> None:
    """Draw a sheet; the units of the axes are millimetres."""
    width, height = sheet.grid_mm
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    x, y = (
        (np.arange(0, length + 1e-9, SQUARE_MM), np.arange(0, length + 1e-9)) for length in (width, height)
    )
    draw_grid(axes, x, y, zoom)
    for row in range(len(sheet.rows)):
        panels = list(sheet.panels(row))
        _draw_pulse(axes, panels[0].level_mm, sheet.mm_per_mv, zoom)
        for panel in panels:
            _draw_panel(axes, sheet, panel, zoom)
        for panel in panels[1:]:
            _line(axes, [panel.left_mm] * 2, [panel.level_mm - 3, panel.level_mm + 3], zoom)
        if len(panels) == 1:
            _write_beats(axes, sheet, panels[0], zoom)
        if sheet.row_titles:
            at_mm = 0.8, panels[0].level_mm - 2.5
            _write(axes, at_mm, sheet.row_titles[row], 6 * zoom, colour=FAINT)
    for number, line in enumerate(sheet.text.lines):
        _write(axes, (width / 2, height + 20 - 4.2 * number), line, 8 * zoom)
    _write(axes, (0, height + 20), sheet.text.title, 13 * zoom, is_bold=True)
    _write(axes, (0, height + 13), sheet.text.subject, 9 * zoom)
    _write(axes, (0, -4), sheet.footer, 7.5 * zoom)
    if sheet.is_synthetic:
        _write(axes, (width, -4), _NOTICE, 7.5 * zoom, align="right", is_bold=True)


def _draw_pulse(axes: Axes, level_mm: float, mm_per_mv: float, zoom: float) -> None:
    """Draw the calibration pulse of 1 mV before a row."""
    start, stop = (LEFT_MM - _PULSE_MM) / 2, (LEFT_MM + _PULSE_MM) / 2
    heights_mm = np.array([0, 0, mm_per_mv, mm_per_mv, 0, 0])
    _line(axes, [start - 1, start, start, stop, stop, stop + 1], level_mm + heights_mm, zoom)


def _draw_panel(axes: Axes, sheet: EcgSheet, panel: Panel, zoom: float) -> None:
    """Draw a lead with its name."""
    name_mm = panel.level_mm + _NAME_HEIGHT * sheet.above_mm
    _write(axes, (panel.left_mm + 1, name_mm), panel.lead, 8.5 * zoom, is_bold=True)
    height_mm = sheet.trace_mm(panel)
    if np.isnan(height_mm).all():
        middle = panel.left_mm + panel.duration_s * sheet.mm_per_s / 2, panel.level_mm
        _write(axes, middle, f"{panel.lead} not recorded", 8 * zoom, align="center", colour=FAINT)
        return
    x_mm = panel.left_mm + np.arange(len(height_mm)) / sheet.fs_hz * sheet.mm_per_s
    page = Bbox.from_bounds(-MARGIN_MM, -MARGIN_MM - FOOTER_MM, *sheet.page_mm)
    line = _line(axes, x_mm, panel.level_mm + height_mm, zoom)
    line.set_clip_box(TransformedBbox(page, axes.transData))
    for part in sheet.synthetic:
        if part.lead == panel.lead:
            _mark_synthetic(axes, sheet, panel, part, zoom)


def _mark_synthetic(axes: Axes, sheet: EcgSheet, panel: Panel, part: SyntheticPart, zoom: float) -> None:
    """Draw a bar below an interval that a model wrote, with the word, so that it is seen without colours."""
    start_s = max(part.start_s, panel.start_s)
    stop_s = min(part.stop_s, panel.start_s + panel.duration_s)
    if stop_s <= start_s:
        return
    left, right = (panel.left_mm + (at_s - panel.start_s) * sheet.mm_per_s for at_s in (start_s, stop_s))
    bar_mm = panel.level_mm - _BAR_DEPTH * sheet.below_mm
    axes.plot([left, right], [bar_mm] * 2, color=ACCENT, linewidth=2 * zoom, solid_capstyle="butt")
    _write(axes, (left, bar_mm - 1.8), "synthetic", 6 * zoom, colour=ACCENT)


def _write_beats(axes: Axes, sheet: EcgSheet, panel: Panel, zoom: float) -> None:
    """Write the label of each beat above the trace of a panel."""
    height_mm = sheet.trace_mm(panel)
    if np.isnan(height_mm).all():
        return
    lowest_mm = panel.level_mm + _BEAT_HEIGHT * sheet.above_mm
    label_mm = min(max(panel.level_mm + np.nanmax(height_mm) + 2, lowest_mm), sheet.grid_mm[1] - 2)
    for sample, label in sheet.beats:
        after_s = sample / sheet.fs_hz - panel.start_s
        if not 0 <= after_s < panel.duration_s:
            continue
        at_mm = panel.left_mm + after_s * sheet.mm_per_s, label_mm
        _write(axes, at_mm, label, 7 * zoom, align="center", colour=INK if label == "N" else ACCENT)


def _line(axes: Axes, x_mm: ArrayLike, y_mm: ArrayLike, zoom: float) -> Line2D:
    """Draw a thin black line."""
    (line,) = axes.plot(x_mm, y_mm, color="black", linewidth=_LINE_WIDTH * zoom, solid_joinstyle="round")
    return line


def _write(
    axes: Axes,
    at_mm: tuple[float, float],
    text: str,
    size: float,
    *,
    align: str = "left",
    is_bold: bool = False,
    colour: str = INK,
) -> None:
    """Write a text, vertically centred."""
    weight = "bold" if is_bold else "normal"
    axes.text(*at_mm, text, ha=align, va="center", fontsize=size, fontweight=weight, color=colour)
