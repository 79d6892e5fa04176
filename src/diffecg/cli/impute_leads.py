"""``diffecg impute --leads``: leads that a recording lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffecg.cli.console import ReadFlags, print_notes, progress_bar, show, warn_implausible
from diffecg.cli.recordings import find_recordings, process_each, show_results
from diffecg.inference.options import DrawOptions

if TYPE_CHECKING:
    from diffecg.cli.impute import ImputeFlags
    from diffecg.inference.model import Model


@dataclass(frozen=True, kw_only=True)
class LeadJob:
    """Recordings whose missing leads are reconstructed, from files to folders."""

    recordings: tuple[Path, ...]
    out: Path
    flags: ImputeFlags
    suffix: str | None
    """Suffix of the format to write; None: that of the input."""
    strict: bool
    read: ReadFlags
    draws: DrawOptions

    def run(self, load: Callable[[], Model], *, force: bool, json: bool) -> None:
        """Read, reconstruct, write and print the results.

        Args:
            load: returns the model.
            force: replace older results.
            json: print for machines.
        """
        from diffecg.files import check_output

        self._check_flags()
        found = find_recordings(self.recordings)
        check_output(self.out, force=force, is_folder=True)
        model = load()
        results = process_each(
            found, self.out, lambda path, out: self._reconstruct(model, path, out, force=force)
        )
        if found.is_single:
            (result,) = results
            show(result, _text(self.out, result), as_json=json)
        else:
            head = ["recording", "given", "result", "leads", "determined"]
            show_results(f"impute: {self.out}", head, results, _row, as_json=json)

    def _check_flags(self) -> None:
        """Check that no options of gaps are given.

        Raises:
            DiffecgError: some are.
        """
        from diffecg.errors import DiffecgError

        flags = {"--gap": self.flags.gap, "--detect": self.flags.detect, "--lead": self.flags.lead}
        if of_gaps := [name for name, given in flags.items() if given]:
            raise DiffecgError(
                f"{', '.join(of_gaps)} and --leads exclude each other: impute the gaps first, then "
                "reconstruct the missing leads of the result"
            )
        if self.flags.label is not None:
            raise DiffecgError("leads are reconstructed for any beat; leave --label out")

    def _reconstruct(self, model: Model, path: Path, out: Path, *, force: bool) -> dict[str, Any]:
        """Reconstruct the leads of one recording, and return the result for JSON."""
        from diffecg.files import new_folder
        from diffecg.formats.registry import check_writable, output_suffix
        from diffecg.inference.lead_reconstruction import reconstruct_leads
        from diffecg.inference.reconstruction_files import (
            lead_table,
            reconstruction_notes,
            write_reconstruction,
        )

        recording = self.read.read(path)
        suffix = output_suffix(recording) if self.suffix is None else self.suffix
        print_notes(recording, check_writable(recording, suffix))
        with progress_bar(f"impute {recording.name}") as progress:
            result = reconstruct_leads(model, recording, self.flags.leads, self.draws, progress=progress)
        warn_implausible(recording, list(result.plan.given.values()), strict=self.strict)
        with new_folder(out, force=force) as folder:
            file = write_reconstruction(folder, result, self.flags.write, suffix).name
        return {
            "out": str(out),
            "file": file,
            "given": list(result.plan.given),
            "leads": lead_table(result).to_dict("records"),
            "beats": result.beats,
            "written": self.flags.write,
            "notes": reconstruction_notes(result),
            **result.info,
        }


def _text(out: Path, result: dict[str, Any]) -> str:
    """Return the lines on a recording."""
    shares = ", ".join(f"{row['lead']} {100 * row['determined']:.0f} %" for row in result["leads"])
    lines = [
        f"{out / result['file']}: {len(result['leads'])} leads from {', '.join(result['given'])}, "
        f"{result['beats']} beats; table leads.csv, draws in draws.npz, sheet sheet.png",
        f"variance that {', '.join(result['given'])} determine: {shares}",
        *result["notes"],
    ]
    return "\n".join(lines)


def _row(result: dict[str, Any]) -> list[str]:
    """Return the line of a recording in the table of several."""
    if "error" in result:
        return [result["recording"], "", result["error"], "", ""]
    shares = [row["determined"] for row in result["leads"]]
    return [
        result["recording"],
        ", ".join(result["given"]),
        result["file"],
        ", ".join(row["lead"] for row in result["leads"]),
        f"{100 * min(shares):.0f} to {100 * max(shares):.0f} %",
    ]
