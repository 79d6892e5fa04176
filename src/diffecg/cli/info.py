"""``diffecg info``: what is in a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffecg.cli.console import Json, ReadOptions, show


def info(recording: Path, /, *, reading: ReadOptions = ReadOptions(), json: Json = False) -> None:
    """Tell what is in a recording: leads, rate, length, what is missing or faulty, beats.

    Example: diffecg info mitdb/100

    Parameters
    ----------
    recording:
        A WFDB recording, an EDF or BDF file, a CSV or Parquet table, a NumPy file.
    """
    from diffecg.formats.description import describe

    about = describe(reading.read(recording))
    show({"file": str(recording), **about}, in_words(about), as_json=json)


def in_words(about: dict[str, Any]) -> str:
    """Return a description as lines of text."""
    from diffecg.signal.artefacts import ARTEFACTS

    lines = [
        f"{about['name']}: {len(about['leads'])} lead(s), {about['duration_s']:g} s at {about['fs_hz']:g} Hz"
        + (f", from {about['start']}" if about["start"] else "")
    ]
    for lead in about["leads"]:
        shares = {name: lead[name] for name in ("missing", *ARTEFACTS) if lead.get(name)}
        faults = (
            ", ".join(f"{share:.2%} {name}" for name, share in shares.items()) or "nothing missing or faulty"
        )
        level = f", {lead['low_mv']:.2f} to {lead['high_mv']:.2f} mV" if "low_mv" in lead else ""
        voltage = "" if level or lead["missing"] == 1 else " (no voltage)"
        lines.append(f"  {lead['lead']}: {lead['unit']}{voltage}{level}; {faults}")
        lines += [f"    {warning}" for warning in lead.get("warnings", [])]
    beats = about["beats"]
    if "annotated" in beats:
        counts = ", ".join(f"{count} {symbol}" for symbol, count in beats["annotated"].items())
        lines.append(f"  beats annotated: {counts}; {beats['rate_per_min']:.0f} a minute")
    elif beats:
        lines.append(
            f"  beats detected at the beginning: {beats['detected']}; {beats['rate_per_min']:.0f} a minute"
        )
    lines += [f"  {comment}" for comment in about["comments"]]
    return "\n".join(lines)
