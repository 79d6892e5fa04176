"""``diffecg sheet``: a recording as a cardiograph prints it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

from diffecg.cli.console import Force, Json, ReadFlags, print_notes, show
from diffecg.cli.impute import Leads
from diffecg.cli.recordings import find_recordings
from diffecg.errors import DiffecgError

if TYPE_CHECKING:
    from diffecg.formats.recording import Recording
    from diffecg.plotting.sheet import EcgSheet


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SheetFlags:
    """What the sheet shows."""

    start: str | None = None
    """Time of the first sample shown, in s or in the recording's own time; default: the beginning."""
    lead: Leads = ()
    """Lead to show in a row of its own; may be repeated. Default: the 12 leads in columns, or all ECG
    leads in rows if the recording has fewer than six of the 12."""
    seconds: float | None = None
    """Show so many seconds of each ``--lead`` in consecutive rows, on several pages if need be. Default:
    one row, 10 s at 25 mm/s."""
    layout: Literal["3x4", "6x2"] = "3x4"
    """Rows and columns of the 12 leads."""
    rhythm: str | None = None
    """Lead of the rhythm strip below the 12 leads; default: II, else the first ECG lead."""
    beats: bool = False
    """Write the label of each annotated beat above rows of one lead."""
    quiz: bool = False
    """Leave out what names the rhythm: title, comments and labels of beats."""
    mm_per_s: float = 25.0
    """Paper speed in mm/s."""
    mm_per_mv: float | None = None
    """Voltage scale in mm/mV; default: 10, or less where consecutive rows would be too high."""

    def sheets(self, recording: Recording) -> list[EcgSheet]:
        """Return the pages of a recording.

        Raises:
            DiffecgError: a lead that is named is neither recorded nor derived; the scale does not fit.
        """
        from diffecg.formats.strip_sheet import as_quiz, strip_sheets

        if self.seconds is None:
            sheets = [self._sheet(recording)]
        else:
            sheets = strip_sheets(
                recording,
                self.lead or (recording.channel_names[recording.default_lead()],),
                start_s=self._start_s(recording),
                duration_s=self.seconds,
                has_beats=self.beats,
                mm_per_s=self.mm_per_s,
                mm_per_mv=self.mm_per_mv,
            )
        return [as_quiz(sheet) for sheet in sheets] if self.quiz else sheets

    def _start_s(self, recording: Recording) -> float:
        return 0.0 if self.start is None else recording.time.seconds(self.start, recording.duration_s)

    def _sheet(self, recording: Recording) -> EcgSheet:
        """Return the sheet of one row's time.

        Raises:
            DiffecgError: a lead of ``--lead`` or ``--rhythm`` is neither recorded nor derived.
        """
        from diffecg.formats.sheet import recording_sheet, sheet_rows

        rows = [(lead,) for lead in self.lead] or sheet_rows(recording, self.layout, self.rhythm)
        sheet = recording_sheet(
            recording,
            rows,
            start_s=self._start_s(recording),
            has_beats=self.beats,
            mm_per_s=self.mm_per_s,
            mm_per_mv=10.0 if self.mm_per_mv is None else self.mm_per_mv,
        )
        named = (*self.lead, self.rhythm) if self.rhythm else self.lead
        if lost := [lead for lead in named if lead not in sheet.leads_mv]:
            raise DiffecgError(
                f"recording {recording.name} shows no {', '.join(lost)} in this time: missing, and not to be "
                f"derived from two limb leads; choose among {', '.join(recording.channel_names)}"
            )
        return sheet


def sheet(
    *recordings: Path,
    out: Path,
    options: SheetFlags = SheetFlags(),
    read: ReadFlags = ReadFlags(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw a recording on ECG paper, as a cardiograph prints it, to print at true scale.

    Example: diffecg sheet ptbxl/records100/00000/00010_lr --out sheet.pdf

    diffecg sheet mitdb/100 --lead MLII --start 60 --beats --out strip.png

    diffecg sheet bigeminy/bigeminy --seconds 60 --quiz --out quiz.pdf

    The 12 leads are shown in 3 rows of 4 columns, each for 2.5 s, above a rhythm strip, at 25 mm/s and
    10 mm/mV; a PDF has A4 pages. Limb leads that are not recorded are derived from two that are.

    Parameters
    ----------
    recordings:
        Recordings, in any format that impute reads; folders of recordings; patterns such as 'holter/*.edf'.
        Each has a page of its own in a PDF; in a PNG they are below each other.
    out:
        File to write, .png or .pdf.
    """
    from diffecg.files import check_output
    from diffecg.plotting.sheet_figure import check_sheet_file, save_sheets

    found = find_recordings(recordings)
    check_sheet_file(out, len(found.paths))
    check_output(out, force=force, is_folder=False)
    drawn: dict[str, list[EcgSheet]] = {}
    for name, path in found.paths.items():
        recording = read.read(path, leads=options.lead)
        print_notes(recording)
        drawn[name] = options.sheets(recording)
    out.parent.mkdir(parents=True, exist_ok=True)
    pages = [page for sheets in drawn.values() for page in sheets]
    check_sheet_file(out, len(pages))
    save_sheets(pages, out)
    count = f"{len(pages)} sheet{'s' if len(pages) > 1 else ''}"
    summaries = [{"recording": name, **_summary(sheets[0])} for name, sheets in drawn.items()]
    result = {"out": str(out), "sheets": summaries}
    show(result, f"{out}: {count}", as_json=json)


def _summary(sheet: EcgSheet) -> dict[str, Any]:
    """Return what a sheet shows, for JSON."""
    return {
        "leads": list(sheet.leads_mv),
        "heart_rate_per_min": sheet.text.heart_rate_per_min,
        "remarks": list(sheet.remarks),
        "synthetic": sheet.is_synthetic,
        "mm_per_s": sheet.mm_per_s,
        "mm_per_mv": sheet.mm_per_mv,
    }
