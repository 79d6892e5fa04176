"""What of a recording is imputed or forecast: leads, segments and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.gaps import Segment, find_segments
from diffecg.inference.imputer import Imputer
from diffecg.inference.kind_signals import default_signal, imputed_unit
from diffecg.inference.options import ForecastOptions, ImputeOptions
from diffecg.signal.masks import TOLERANCE_S


@dataclass(frozen=True, kw_only=True)
class ImputationPlan:
    """Segments to impute, and the leads that are used."""

    segments: list[Segment]
    rows: list[int]
    """Leads with segments to impute."""
    input_rows: list[int]
    """Signals that are used: ``rows``, and others of the recording that help the imputer."""
    skipped: list[Segment] = field(default_factory=list)
    """Segments that are too long to impute."""


def plan_imputation(imputer: Imputer, recording: Recording, options: ImputeOptions) -> ImputationPlan:
    """Return the segments to impute: given, missing from the file, or detected.

    Raises:
        DiffecgError: no segments, or all too long; an unknown lead or artefact, or a gap outside the
            recording.
    """
    named = {gap.lead for gap in options.gaps if gap.lead is not None}
    rows = sorted({recording.find_channel(name) for name in (*options.leads, *named)})
    if not rows or (not options.leads and any(gap.lead is None for gap in options.gaps)):
        single = bool(options.gaps) or imputer.lead is not None
        chosen = [choose_lead(imputer, recording, None)] if single else _imputed_rows(imputer, recording)
        rows = sorted({*rows, *chosen})
    _check_units(recording, rows)
    found = find_segments(recording, rows, options.gaps, options.detect)
    if not found:
        leads = ", ".join(recording.channel_names[row] for row in rows)
        raise DiffecgError(_nothing_to_impute(leads, recording.name))
    longest = _longest(recording, rows, options)
    segments = [segment for segment in found if segment.stop - segment.start <= longest]
    if not segments:
        raise DiffecgError(_all_too_long(recording.select(rows).fs_hz, found, longest))
    rows = sorted({segment.row for segment in segments})
    return ImputationPlan(
        segments=segments,
        rows=rows,
        input_rows=sorted({*rows, *_other_rows(imputer, recording, rows)}),
        skipped=[segment for segment in found if segment not in segments],
    )


def _imputed_rows(imputer: Imputer, recording: Recording) -> list[int]:
    """Return the signals that are imputed where none is named: those of the imputer's kinds, of one rate.

    Raises:
        DiffecgError: there are none.
    """
    channels, rates = recording.channels, recording.source.rates_hz
    rows = [
        row
        for row, channel in enumerate(channels)
        if imputed_unit(channel) is not None
        if imputer.kinds is None or channel.signal_kind in imputer.kinds
    ]
    first = default_signal(recording, rows)
    return [row for row in rows if rates[row] == rates[first]]


def _check_units(recording: Recording, rows: Sequence[int]) -> None:
    """Check that signals can be imputed.

    Raises:
        DiffecgError: a signal is of no kind, or in a unit of another quantity.
    """
    for row in rows:
        channel = recording.channels[row]
        if imputed_unit(channel) is None:
            raise DiffecgError(
                f"channel {channel.name} of recording {recording.name} is in {channel.unit!r}, which is not "
                f"a unit of its kind, {channel.signal_kind}; state its unit with --unit {channel.name}=UNIT, "
                f"such as {channel.name}=mV"
            )


def _other_rows(imputer: Imputer, recording: Recording, rows: Sequence[int]) -> list[int]:
    """Return the signals of a recording that help to impute some of them."""
    if not imputer.uses_other_leads:
        return []
    channels = recording.channels
    kinds = {*imputer.companions, *(channels[row].signal_kind for row in rows)}
    return [
        row
        for row, channel in enumerate(channels)
        if channel.signal_kind in kinds and imputed_unit(channel) is not None
    ]


def _longest(recording: Recording, rows: Sequence[int], options: ImputeOptions) -> int:
    """Return the longest gap that is imputed, in samples.

    Raises:
        DiffecgError: it is not above 0.
    """
    if not options.max_gap_s > 0:
        raise DiffecgError(f"max-gap {options.max_gap_s:g} s must be above 0, such as 10")
    longest_s = min(options.max_gap_s, recording.select(rows).duration_s)
    return round(longest_s * recording.select(rows).fs_hz)


@dataclass(frozen=True, kw_only=True)
class ForecastPlan:
    """Lead to forecast and start of the forecast."""

    row: int
    """Index of the lead."""
    start: int
    """First sample of the forecast, which is conditioned on the samples before it."""


def plan_forecast(imputer: Imputer, recording: Recording, options: ForecastOptions) -> ForecastPlan:
    """Return the lead and the sample at which the forecast starts.

    Raises:
        DiffecgError: an unknown lead, or a start outside the recording.
    """
    row = choose_lead(imputer, recording, options.lead)
    _check_units(recording, [row])
    lead = recording.select([row])
    at_s = lead.duration_s if options.at_s is None else options.at_s
    inside = 0 < at_s <= lead.duration_s + TOLERANCE_S
    start = min(round(at_s * lead.fs_hz), lead.samples) if inside else 0
    if start < 1:
        raise DiffecgError(
            f"at {at_s:g} s is outside the recording; give a time above 0 and up to {lead.duration_s:.3f} s"
        )
    return ForecastPlan(row=row, start=start)


def choose_lead(imputer: Imputer, recording: Recording, name: str | None) -> int:
    """Return the index of a lead; of the imputer's lead, else of MLII, II or the first ECG lead for None.

    Raises:
        DiffecgError: the recording has no such lead.
    """
    if name is not None:
        return recording.find_channel(name)
    return recording.default_lead() if imputer.lead is None else recording.channel_index(imputer.lead)


def _nothing_to_impute(leads: str, recording: str) -> str:
    return (
        f"no samples to impute in {leads} of {recording}; give gaps with --gap start:stop, in seconds, "
        "or detect artefacts with --detect flat,clipped,saturated,noise"
    )


def _all_too_long(fs_hz: float, segments: Sequence[Segment], longest: float) -> str:
    longest_s = max(segment.stop - segment.start for segment in segments) / fs_hz
    number = "the gap is" if len(segments) == 1 else f"all {len(segments)} gaps are"
    return (
        f"{number} longer than --max-gap {longest / fs_hz:g} (s), and nothing is imputed; the longest lasts "
        f"{longest_s:g} s: raise --max-gap to impute it"
    )
