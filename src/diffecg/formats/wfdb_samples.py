"""Samples of WFDB records without segments, with what describes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.options import ReadOptions
from diffecg.formats.samples import SampleSource
from diffecg.formats.scaling import is_plausible_scale
from diffecg.formats.wfdb_header import DEFAULT_GAIN, Header, SignalLine
from diffecg.formats.wfdb_source import NO_FILE, WfdbSource, count_frames
from diffecg.signal.units import normalise_unit


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordSamples:
    """Samples of a record, with what describes them."""

    source: SampleSource
    names: tuple[str, ...]
    units: tuple[str, ...]
    frames: int
    warnings: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


def read_samples(path: Path, header: Header, options: ReadOptions) -> RecordSamples:
    """Return the samples of a record without segments.

    Raises:
        DiffecgError: an implausible scale; samples that do not match the checksums.
    """
    if not header.signals:
        raise DiffecgError(f"recording {path} has no signals")
    if {signal.file for signal in header.signals} == {NO_FILE}:
        raise DiffecgError(
            f"{path.name}.hea is the layout of a record that consists of segments; read that record instead"
        )
    frames = count_frames(path, header, truncate=not options.verify)
    for signal in header.signals:
        if not is_plausible_scale(signal.gain, signal.baseline):
            raise DiffecgError(
                f"recording {path}: lead {signal.name} has an implausible gain of {signal.gain} or baseline "
                f"of {signal.baseline}"
            )
    source = WfdbSource(path, header, frames)
    no_gain = ", ".join(
        signal.name or f"signal {i + 1}" for i, signal in enumerate(header.signals) if not signal.has_gain
    )
    assumption = f"the header states no gain of {no_gain}: {DEFAULT_GAIN:g} steps per unit assumed"
    return RecordSamples(
        source=source,
        names=tuple(signal.name for signal in header.signals),
        units=tuple(normalise_unit(signal.unit) for signal in header.signals),
        frames=frames,
        warnings=_check_checksums(path, header.signals, source) if options.verify else (),
        assumptions=(assumption,) if no_gain else (),
    )


def _check_checksums(path: Path, signals: tuple[SignalLine, ...], source: WfdbSource) -> tuple[str, ...]:
    """Compare the checksums of a record; return warnings of those that the header does not state.

    Raises:
        DiffecgError: a checksum differs.
    """
    warnings = []
    for signal, actual in zip(signals, source.checksums(), strict=True):
        if actual is None or signal.checksum is None or (signal.checksum - actual) % 65536 == 0:
            continue
        if signal.checksum:
            raise DiffecgError(
                f"recording {path}: the checksum of lead {signal.name} is {actual}, in the header "
                f"{signal.checksum % 65536}; download the files again, or read them as they are with "
                "--no-verify"
            )
        warnings.append(f"the header states no checksum of {signal.name} (0); its samples are not verified")
    return tuple(warnings)
