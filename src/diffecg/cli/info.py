"""``diffecg info``: summary of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffecg.cli.console import Json, ReadOptions, show


def info(recording: Path, /, *, reading: ReadOptions = ReadOptions(), json: Json = False) -> None:
    """Summarise a recording: channels, sampling rate, duration, missing samples, artefacts and beats.

    Example: diffecg info mitdb/100

    Parameters
    ----------
    recording:
        A WFDB record, an EDF or BDF file, a CSV or Parquet table, or a NumPy file.
    """
    from diffecg.formats.description import describe

    summary = describe(reading.read(recording))
    show({"file": str(recording), **summary}, as_text(summary), as_json=json)


def as_text(summary: dict[str, Any]) -> str:
    """Return the summary of a recording as lines of text."""
    count = len(summary["channels"])
    title = (
        f"{summary['name']}: {count} channel{'s' if count > 1 else ''}, {summary['duration_s']:g} s at "
        f"{summary['fs_hz']:g} Hz"
    )
    lines = [title + (f", recorded {summary['start']}" if summary["start"] else "")]
    for channel in summary["channels"]:
        lines.append(f"  {_channel_text(channel)}")
        lines += [f"    warning: {warning}" for warning in channel.get("warnings", [])]
    if summary["beats"]:
        lines.append(f"  {_beats_text(summary['beats'])}")
    return "\n".join([*lines, *(f"  {comment}" for comment in summary["comments"])])


def _channel_text(channel: dict[str, Any]) -> str:
    shares = {"missing": channel["missing"], **channel.get("artefacts", {})}
    flaws = [f"{share:.2%} {flaw}" for flaw, share in shares.items() if share]
    values = f", {channel['low_mv']:.2f} to {channel['high_mv']:.2f} mV" if "low_mv" in channel else ""
    quality = ", ".join(flaws) or ("no missing samples, no artefacts" if values else "no missing samples")
    return f"{channel['name']} ({channel['kind']}, {channel['unit']}){values}: {quality}"


def _beats_text(beats: dict[str, Any]) -> str:
    if "annotated" in beats:
        counts = ", ".join(f"{count} {symbol}" for symbol, count in beats["annotated"].items())
        return f"annotated beats: {counts} ({beats['rate_per_min']:.0f} per minute)"
    return f"beats detected at the beginning: {beats['detected']} ({beats['rate_per_min']:.0f} per minute)"
