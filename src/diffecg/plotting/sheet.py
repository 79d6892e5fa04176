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

DURATION_S = 10.0
"""Duration of a row; the leads of a row share it equally."""

LEFT_MM = 12.0
"""Width of the grid before the leads, for the calibration pulse."""
_RIGHT_MM = 3.0
_EDGE_MM = 5.0
"""Grid above the first row and below the last one."""
HEADER_MM, FOOTER_MM, MARGIN_MM = 25.0, 7.0, 6.0
"""Heights of header and footer, and margin on the other sides."""
_ROWS_MM, _MIN_ROW_MM, _MAX_ROW_MM = 160.0, 20.0, 40.0
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


class Panel(NamedTuple):
    """The place of a lead on a sheet, and the time that it shows."""

    lead: str
    left_mm: float
    level_mm: float
    """Height of the middle of its row above the lower edge of the grid."""
    start_s: float
    duration_s: float


@dataclass(frozen=True, kw_only=True, eq=False)
class EcgSheet:
    """Leads of a recording and how they are shown."""

    leads_mv: Mapping[str, Float[np.ndarray, " time"]]
    """Samples of at least one lead; NaN = missing. The first :data:`DURATION_S` are shown."""
    fs_hz: float
    """Sampling rate, in Hz."""
    rows: Rows
    """Leads of each row; a lead that is not in ``leads_mv`` is an empty panel."""
    text: SheetText = field(default_factory=SheetText)
    beats: Sequence[tuple[int, str]] = ()
    """Sample of the R peak and label of beats, written above rows of one lead."""
    remarks: Sequence[str] = ()
    """Remarks for the footer."""
    is_synthetic: bool = False
    mm_per_mv: float = MM_PER_MV
    """Voltage scale."""

    @property
    def row_mm(self) -> float:
        """Distance between rows, in whole squares."""
        whole_mm = _ROWS_MM / len(self.rows) // SQUARE_MM * SQUARE_MM
        return float(np.clip(whole_mm, _MIN_ROW_MM, _MAX_ROW_MM))

    @property
    def grid_mm(self) -> tuple[float, float]:
        """Width and height of the grid."""
        width = LEFT_MM + DURATION_S * MM_PER_S + _RIGHT_MM
        return width, len(self.rows) * self.row_mm + 2 * _EDGE_MM

    @property
    def page_mm(self) -> tuple[float, float]:
        """Width and height of the sheet; up to eight rows fit A4."""
        width, height = self.grid_mm
        return width + 2 * MARGIN_MM, MARGIN_MM + FOOTER_MM + height + HEADER_MM

    @property
    def is_sequential(self) -> bool:
        """Whether the leads of a row follow each other in time; shorter recordings have all at one time."""
        return max(map(len, self.leads_mv.values())) >= round(DURATION_S * self.fs_hz)

    @property
    def footer(self) -> str:
        """Scale, sampling rate and remarks."""
        has_columns = any(len(row) > 1 for row in self.rows)
        columns = "all leads from the same time" if has_columns and not self.is_sequential else ""
        scale = f"{MM_PER_S:g} mm/s   {self.mm_per_mv:g} mm/mV   {self.fs_hz:g} Hz"
        return "   ".join(filter(None, (scale, columns, *self.remarks)))

    def panels(self, row: int) -> Iterator[Panel]:
        """Yield the panels of a row, by index, from left to right."""
        leads = self.rows[row]
        duration_s = DURATION_S / len(leads)
        level_mm = self.grid_mm[1] - _EDGE_MM - (row + 0.5) * self.row_mm
        for column, lead in enumerate(leads):
            offset_s = column * duration_s
            start_s = offset_s if self.is_sequential else 0.0
            yield Panel(lead, LEFT_MM + offset_s * MM_PER_S, level_mm, start_s, duration_s)

    def trace_mm(self, panel: Panel) -> Float[np.ndarray, " time"]:
        """Return the samples of a panel, up to the first one of the next, as heights above their median."""
        stop_s = panel.start_s + panel.duration_s
        first, stop = (round(time_s * self.fs_hz) for time_s in (panel.start_s, stop_s))
        signal_mv = self.leads_mv.get(panel.lead, np.empty(0))[first : stop + 1]
        level_mv = np.nan if np.isnan(signal_mv).all() else np.nanmedian(signal_mv)
        return (signal_mv - level_mv) * self.mm_per_mv
