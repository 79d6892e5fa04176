"""The data card of a recording set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from diffecg._version import __version__
from diffecg.datasets.databases import RECORDINGS, SUBJECTS
from diffecg.datasets.options import RecordingSetOptions
from diffecg.datasets.recording_cutting import remark_notes
from diffecg.datasets.recording_set import CONTENT, FORMAT, MISSING, STEPS_PER_MV
from diffecg.datasets.splits import Split
from diffecg.datasets.windows import PARTITIONS
from diffecg.errors import DiffecgError
from diffecg.signal.kinds import signal_kind

WAYS_OUT = {
    SUBJECTS: "use recordings of more subjects, or assign partitions with --subjects FILE (columns "
    "recording, subject, partition)",
    RECORDINGS: "use more recordings",
}
"""What fills a partition without recordings, by split."""


def make_card(
    entries: Sequence[Mapping[str, Any]],
    options: RecordingSetOptions,
    split: Split,
    *,
    label_map: str,
) -> dict[str, Any]:
    """Return the data card of a set.

    Args:
        entries: what the journal says about each recording.
        options: what the set is made of.
        split: its split.
        label_map: name of the labels of its recordings; empty: they have none.

    Raises:
        DiffecgError: no recording is left.
    """
    skipped = {entry["recording"]: entry["skipped"] for entry in entries if "skipped" in entry}
    kept = [entry for entry in entries if "skipped" not in entry]
    if not kept:
        raise DiffecgError(f"no recording is left ({', '.join(sorted(set(skipped.values())))})")
    frame = pd.DataFrame(
        {
            "partition": [entry["partition"] for entry in kept],
            "recordings": 1,
            "hours": [entry["samples"] / options.fs_hz / 3600 for entry in kept],
            "leads": [len(entry["leads"]) for entry in kept],
            "beats" if options.is_ecg else "events": [len(entry["r_peaks"]) for entry in kept],
        }
    )
    counts = frame.groupby("partition").sum().reindex(list(PARTITIONS), fill_value=0).round(3)
    remarks = {entry["recording"]: entry["remarks"] for entry in kept if entry["remarks"]}
    notes = [options.database.note] if options.database.note else []
    notes += remark_notes({name: [f"left out: {reason}"] for name, reason in skipped.items()})
    return {
        "content": CONTENT,
        "format": FORMAT,
        "diffecg": __version__,
        **options.database.provenance(),
        "split": split.name,
        "label_map": label_map or None,
        "fs_hz": options.fs_hz,
        "steps_per_mv": STEPS_PER_MV,
        "missing": MISSING,
        "leads": list(options.leads) or "ECG leads, found by name",
        "r_peaks": "detected in the signal (diffecg.signal.rpeaks), not annotated",
        **({} if options.is_ecg else _kinds(options)),
        "counts": counts.to_dict(orient="index"),
        "excluded": split.excluded,
        "skipped": skipped,
        "remarks": remarks,
        "notes": [*_partition_notes(split, counts), *notes, *remark_notes(remarks)],
    }


def _kinds(options: RecordingSetOptions) -> dict[str, Any]:
    """Return what the card says of a set with other signals than ECG."""
    kinds = [signal_kind(name) for name in options.kinds]
    return {
        "leads": list(options.leads) or "leads of these kinds, found by name",
        "kinds": {kind.name: {"unit": kind.unit, "steps_per_unit": kind.steps_per_unit} for kind in kinds},
        "r_peaks": "detected in the signal, not annotated; of recordings without an ECG the events of the "
        "first signal that has events: pulses or breaths",
    }


def _partition_notes(split: Split, counts: pd.DataFrame) -> list[str]:
    """Return a note on partitions without recordings."""
    empty = [name for name in PARTITIONS if not counts.loc[name, "recordings"]]
    if not empty or not split.train:
        return []
    way_out = WAYS_OUT.get(split.name, "choose another --split, or another database for it")
    return [
        f"no recordings in the partition {', '.join(empty)} (whole recordings are not divided by time): "
        f"{way_out}"
    ]
