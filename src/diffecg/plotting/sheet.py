"""What is on a sheet of ECG, and where; :mod:`diffecg.plotting.sheet_figure` draws it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from diffecg.plotting.paper import MM_PER_MV, MM_PER_S

Rows = Sequence[Sequence[str]]
"""The leads of each row of a sheet, from left to right."""

LAYOUTS: Mapping[str, Rows] = {
    "3x4": (
        ("I", "aVR", "V1", "V4"),
        ("II", "aVL", "V2", "V5"),
        ("III", "aVF", "V3", "V6"),
    ),
    "6x2": (
        ("I", "V1"),
        ("II", "V2"),
        ("III", "V3"),
        ("aVR", "V4"),
        ("aVL", "V5"),
        ("aVF", "V6"),
    ),
}
"""The usual layouts of 12 leads; a rhythm strip is a row of one lead below."""

ROW_MM = 250.0
"""Length of a row: 10 s at 25 mm/s. The leads of a row share it equally."""
A4_MM = (297.0, 210.0)
"""Width and height of a page, unless a sheet is larger."""

LEFT_MM = 12.0
"""Width of the grid before the leads, for the calibration pulse."""
_RIGHT_MM = 3.0
_EDGE_MM = 5.0
"""Grid above the first row and below the last one."""
HEADER_MM, FOOTER_MM, MARGIN_MM = 25.0, 7.0, 6.0
"""Heights of header and footer, and margin on the other sides."""
ROWS_MM = 160.0
"""Height that the rows of an A4 page have together."""
_MIN_ROW_MM, _MAX_ROW_MM = 20.0, 40.0
SQUARE_MM = 5.0
"""Size of the large squares of the grid."""
_MAX_LINES, _LINE_LENGTH = 5, 78
"""Number and length of the statements that have room."""


@dataclass(frozen=True, kw_only=True)
class SheetText:
    """What is written above the leads."""

    title: str = ""
    statements: Sequence[str] = ()
    """Diagnostic statements or comments, each in a line."""
    age_years: float | None = None
    sex: str = ""
    heart_rate_per_min: float | None = None

    @property
    def subject(self) -> str:
        """Age, sex and heart rate, as far as they are known, in one line."""
        age = "" if self.age_years is None else f"{self.age_years:.0f} years"
        rate = "" if self.heart_rate_per_min is None else f"heart rate {self.heart_rate_per_min:.0f}/min"
        return ", ".join(filter(None, (age, self.sex, rate)))

    @property
    def lines(self) -> list[str]:
        """The statements that have room."""
        lines = [shorten(statement, _LINE_LENGTH, placeholder=" …") for statement in self.statements]
        return lines if len(lines) <= _MAX_LINES else [*lines[: _MAX_LINES - 1], "…"]


class SyntheticPart(NamedTuple):
    """An interval of a lead that a model wrote."""

    lead: str
    start_s: float
    stop_s: float


class Panel(NamedTuple):
    """The place of a lead on a sheet, and the time that it shows."""

    lead: str
    left_mm: float
    level_mm: float
    """Height of the level of its row, its median, above the lower edge of the grid."""
    start_s: float
    duration_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class EcgSheet:
    """Leads of a recording and how they are shown."""

    leads_mv: Mapping[str, Float[np.ndarray, " time"]]
    """Samples of at least one lead; NaN = missing. What exceeds the rows is not shown."""
    fs_hz: float
    """Sampling rate, in Hz."""
    rows: Rows
    """Leads of each row; a lead that is not in ``leads_mv`` is an empty panel."""
    starts_s: Sequence[float] = ()
    """Time of the first sample of each row; default: all rows begin at the first sample."""
    row_titles: Sequence[str] = ()
    """What is written before each row, such as its time."""
    text: SheetText = field(default_factory=SheetText)
    beats: Sequence[tuple[int, str]] = ()
    """Sample of the R peak and label of beats, written above rows of one lead."""
    remarks: Sequence[str] = ()
    """Remarks for the footer."""
    is_synthetic: bool = False
    """Whether the whole recording is synthetic."""
    synthetic: Sequence[SyntheticPart] = ()
    """What is synthetic in a recording that is not so as a whole."""
    mm_per_s: float = MM_PER_S
    """Paper speed."""
    mm_per_mv: float = MM_PER_MV
    """Voltage scale."""
    wanted_row_mm: tuple[float, float] | None = None
    """Heights of a row above and below its level, in whole squares; default: what there is room for."""

    @property
    def duration_s(self) -> float:
        """Duration of a row."""
        return ROW_MM / self.mm_per_s

    @property
    def row_mm(self) -> float:
        """Distance between rows, in whole squares."""
        if self.wanted_row_mm is not None:
            return sum(self.wanted_row_mm)
        whole_mm = ROWS_MM / len(self.rows) // SQUARE_MM * SQUARE_MM
        return float(np.clip(whole_mm, _MIN_ROW_MM, _MAX_ROW_MM))

    @property
    def below_mm(self) -> float:
        """Height of a row below its level."""
        return self.row_mm / 2 if self.wanted_row_mm is None else self.wanted_row_mm[1]

    @property
    def above_mm(self) -> float:
        """Height of a row above its level."""
        return self.row_mm - self.below_mm

    @property
    def grid_mm(self) -> tuple[float, float]:
        """Width and height of the grid."""
        width = LEFT_MM + ROW_MM + _RIGHT_MM
        return width, len(self.rows) * self.row_mm + 2 * _EDGE_MM

    @property
    def page_mm(self) -> tuple[float, float]:
        """Width and height of the sheet; up to eight rows fit A4."""
        width, height = self.grid_mm
        return width + 2 * MARGIN_MM, MARGIN_MM + FOOTER_MM + height + HEADER_MM

    @property
    def is_sequential(self) -> bool:
        """Whether the leads of a row follow each other in time; shorter recordings have all at one time."""
        return max(map(len, self.leads_mv.values())) >= round(self.duration_s * self.fs_hz)

    @property
    def footer(self) -> str:
        """Scale, sampling rate and remarks."""
        has_columns = any(len(row) > 1 for row in self.rows)
        columns = "all leads from the same time" if has_columns and not self.is_sequential else ""
        scale = f"{self.mm_per_s:g} mm/s   {self.mm_per_mv:g} mm/mV   {self.fs_hz:g} Hz"
        cut = "" if self.is_complete else "traces leave the sheet: choose fewer mm/mV"
        return "   ".join(filter(None, (scale, columns, *self.remarks, cut)))

    @property
    def is_complete(self) -> bool:
        """Whether all traces lie on the sheet."""
        low_mm, high_mm = -MARGIN_MM - FOOTER_MM, self.grid_mm[1] + HEADER_MM
        heights = [
            panel.level_mm + self.trace_mm(panel)
            for row in range(len(self.rows))
            for panel in self.panels(row)
        ]
        return not any(((height < low_mm) | (height > high_mm)).any() for height in heights)

    def panels(self, row: int) -> Iterator[Panel]:
        """Yield the panels of a row, by index, from left to right."""
        leads = self.rows[row]
        duration_s = self.duration_s / len(leads)
        row_start_s = self.starts_s[row] if self.starts_s else 0.0
        level_mm = self.grid_mm[1] - _EDGE_MM - row * self.row_mm - self.above_mm
        for column, lead in enumerate(leads):
            offset_s = column * duration_s
            start_s = row_start_s + (offset_s if self.is_sequential else 0.0)
            yield Panel(lead, LEFT_MM + offset_s * self.mm_per_s, level_mm, start_s, duration_s)

    def trace_mm(self, panel: Panel) -> Float[np.ndarray, " time"]:
        """Return the samples of a panel, up to the first one of the next, as heights above their median."""
        stop_s = panel.start_s + panel.duration_s
        first, stop = (round(time_s * self.fs_hz) for time_s in (panel.start_s, stop_s))
        signal_mv = self.leads_mv.get(panel.lead, np.empty(0))[first : stop + 1]
        return above_median(signal_mv) * self.mm_per_mv


def above_median(signal_mv: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Return a signal without its median, as offsets mean nothing in an ECG."""
    level_mv = np.nan if np.isnan(signal_mv).all() else np.nanmedian(signal_mv)
    return signal_mv - level_mv
