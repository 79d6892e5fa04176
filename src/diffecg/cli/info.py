"""``diffecg info``: what was understood of a recording, and what a model is of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffecg.cli.console import Json, ReadFlags, print_table, show
from diffecg.cli.recordings import find_recordings

_MAX_LISTED = 16
"""Most names that a line lists."""


def info(*recordings: Path, reading: ReadFlags = ReadFlags(), json: Json = False) -> None:
    """Show how a recording is understood (format, channels, units, gaps, beats), or what a model is of.

    Example: diffecg info mitdb/100

    For a folder it prints one line for each recording: diffecg info holter/

    For a model it prints its labels and settings: diffecg info ptbxl-beat

    Parameters
    ----------
    recordings:
        Recordings, in any format that impute reads; folders of recordings; patterns such as 'holter/*.edf';
        or a bundled model or a model folder. Default: none; the bundled models are listed.
    """
    from diffecg.cli.model_info import bundled_models, describe_model, is_model, model_lines

    if not recordings:
        models = bundled_models()
        lines = [f"{name:17} a model of {subject}" for name, subject in models.items()]
        show({"models": models}, "\n".join(lines), as_json=json)
        return
    if len(recordings) == 1 and is_model(recordings[0]):
        summary = describe_model(recordings[0])
        show(summary, "\n".join(model_lines(summary)), as_json=json)
        return
    from diffecg.formats.description import describe

    found = find_recordings(recordings)
    summaries = {name: describe(reading.read(path)) for name, path in found.paths.items()}
    if found.is_single:
        ((name, summary),) = summaries.items()
        show({"file": str(found.paths[name]), **summary}, "\n".join(as_lines(summary)), as_json=json)
    elif json:
        show(
            {"recordings": [{"file": str(found.paths[n]), **s} for n, s in summaries.items()]},
            "",
            as_json=True,
        )
    else:
        head = ["recording", "format", "ECG leads", "duration", "rate (Hz)", "missing", "beats"]
        print_table(f"{len(summaries)} recordings", head, [_row(n, s) for n, s in summaries.items()], words=3)


def _row(name: str, summary: dict[str, Any]) -> list[str]:
    """Return the line of a recording in the table of several."""
    leads = [channel for channel in summary["channels"] if channel["is_ecg"]]
    rates = dict.fromkeys(f"{channel['fs_hz']:g}" for channel in leads or summary["channels"])
    missing = max((channel["missing"] for channel in leads), default=0.0)
    beats = summary["beats"]
    count = sum(beats["annotated"].values()) if "annotated" in beats else "-"
    names = _listed([channel["name"] for channel in leads]) or "none"
    return [
        name,
        summary["format"],
        names,
        _duration(summary["duration_s"]),
        " ".join(rates),
        f"{missing:.2%}",
        str(count),
    ]


def as_lines(summary: dict[str, Any]) -> list[str]:
    """Return the summary of a recording as at most twelve lines of text."""
    channels = summary["channels"]
    leads = [channel for channel in channels if channel["is_ecg"]]
    others = [channel for channel in channels if not channel["is_ecg"]]
    count = f"{len(channels)} channel{'s' if len(channels) > 1 else ''}"
    lines = [
        f"{summary['name']}: {summary['format'] or 'recording'}, {count}, {_duration(summary['duration_s'])}",
        f"  time      {_time_text(summary)}",
        f"  ECG       {_grouped(leads) or 'no channel'}",
    ]
    if others:
        lines.append(f"  other     {_grouped(others, kinds=True)}")
    lines.append(f"  missing   {_missing_text(channels)}")
    if leads:
        lines.append(f"  amplitude {_amplitude_text(leads)}")
        lines.append(f"  artefacts {_artefact_text(leads, excerpts=summary['excerpts'])}")
    lines.append(f"  beats     {_beats_text(summary['beats'])}{_annotation_text(summary['annotations'])}")
    warnings = [*summary["warnings"], *(text for channel in channels for text in channel.get("warnings", []))]
    for title, texts in (
        ("comments", summary["comments"]),
        ("assumed", summary["assumptions"]),
        ("warning", dict.fromkeys(warnings)),
    ):
        if texts:
            lines.append(f"  {title:9} {'; '.join(texts)}")
    return lines


def _duration(seconds: float) -> str:
    """Return a duration as h:min:s, of less than a minute in seconds."""
    if seconds < 60:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{int(minutes) // 60}:{int(minutes) % 60:02d}:{rest:06.3f}".removesuffix(".000") + " h"


def _time_text(summary: dict[str, Any]) -> str:
    first, last, start = summary["first_time"], summary["last_time"], summary["start"]
    if start is None:
        return f"from {_milliseconds(first)} to {_milliseconds(last)} s; no date or time of day stated"
    zone = f", time zone {summary['time_zone']}" if summary["time_zone"] else ""
    date = f" (first sample at {start})" if summary["is_epoch"] else ""
    return f"from {first} to {last}{date}{zone}"


def _milliseconds(seconds: str) -> str:
    """Return a number of seconds without digits below a millisecond."""
    return f"{float(seconds):.3f}".rstrip("0").rstrip(".")


def _listed(names: list[str]) -> str:
    """Return names separated by commas, the first ones if there are many."""
    rest = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def _grouped(channels: list[dict[str, Any]], *, kinds: bool = False) -> str:
    """Return the names of channels by unit and rate."""
    groups: dict[str, list[str]] = {}
    for channel in channels:
        unit = f"{channel['unit']}, {channel['fs_hz']:g} Hz"
        groups.setdefault(unit, []).append(
            f"{channel['name']} [{channel['kind']}]" if kinds else channel["name"]
        )
    return "; ".join(f"{_listed(names)} in {unit}" for unit, names in groups.items())


def _missing_text(channels: list[dict[str, Any]]) -> str:
    gaps = [
        f"{channel['name']} {channel['missing']:.2%} in {channel['gaps']} "
        f"gap{'s' if channel['gaps'] > 1 else ''}, "
        f"the longest {channel['longest_gap_s']:g} s"
        for channel in channels
        if channel["gaps"]
    ]
    return "; ".join(gaps[:_MAX_LISTED]) or "no samples"


def _amplitude_text(leads: list[dict[str, Any]]) -> str:
    known = [lead for lead in leads if "low_mv" in lead]
    return (
        ", ".join(f"{lead['name']} {lead['low_mv']:.2f} to {lead['high_mv']:.2f}" for lead in known) + " mV"
    )


def _artefact_text(leads: list[dict[str, Any]], *, excerpts: bool) -> str:
    shares = [
        f"{lead['name']} {share:.2%} {kind}"
        for lead in leads
        for kind, share in lead.get("artefacts", {}).items()
        if share
    ]
    return (", ".join(shares) or "none detected") + (
        " (judged by 30 excerpts of a minute)" if excerpts else ""
    )


def _beats_text(beats: dict[str, Any]) -> str:
    if "annotated" in beats:
        counts = ", ".join(f"{count} {symbol}" for symbol, count in beats["annotated"].items())
        return f"annotated: {counts} ({beats['rate_per_min']:.0f} per minute)"
    if "detected" in beats:
        return f"{beats['detected']} detected at the beginning ({beats['rate_per_min']:.0f} per minute)"
    return "not annotated"


def _annotation_text(annotations: dict[str, Any]) -> str:
    counts = [
        f"{count} {text}{'s' if count > 1 else ''}"
        for kind, text in (("notes", "note"), ("others", "other annotation"))
        if (count := annotations.get(kind))
    ]
    files = annotations["annotators"]
    names = f"; annotation files: {', '.join(files)}" if files else ""
    return "".join(f"; {count}" for count in counts) + names
