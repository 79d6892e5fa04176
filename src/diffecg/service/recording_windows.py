"""The annotated beats of a recording as windows, to compare synthetic ones with."""

from __future__ import annotations

import numpy as np

from diffecg.datasets.label_maps import label_map
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.signal.resampling import resample

MAX_BEATS = 20_000
"""Largest number of beats, the first ones."""
LABEL_MAP = "aami"


def beats_like(synthetic: Windows, recording: Recording) -> Windows:
    """Return the annotated beats of a recording in windows like those of a synthetic set.

    Args:
        synthetic: windows of one lead; rate, length and position of the R peak are theirs.
        recording: an annotated recording; its default lead is cut.

    Raises:
        DiffecgError: several leads; no annotated beat lies inside the recording.
    """
    if synthetic.signal_mv.shape[1] != 1:
        raise DiffecgError("a recording can be compared with windows of one lead; upload a set instead")
    row = recording.default_lead()
    lead = recording.select([row])
    beats = label_map(LABEL_MAP).beats(lead)
    labels = label_map(LABEL_MAP).labels(lead, beats)
    length = synthetic.signal_mv.shape[2]
    before = length // 2 if synthetic.r_peak is None else synthetic.r_peak
    span_s = length / synthetic.fs_hz
    cut, kept = [], []
    for sample, label in zip(beats.sample.tolist()[:MAX_BEATS], labels.tolist(), strict=False):
        start_s = sample / lead.fs_hz - before / synthetic.fs_hz
        if start_s < 0 or start_s + span_s + 1 / lead.fs_hz > lead.duration_s:
            continue
        part_mv = lead.crop(start_s, start_s + span_s + 1 / lead.fs_hz).lead_mv(0)
        if np.isfinite(part_mv).all():
            cut.append(resample(part_mv, lead.fs_hz, synthetic.fs_hz)[:length])
            kept.append(label)
    cut_mv = [window_mv for window_mv in cut if len(window_mv) == length]
    if not cut_mv:
        raise DiffecgError(
            f"{recording.name} has no annotated beats to compare with; choose a set, or a recording with "
            "annotations"
        )
    labels_kept = [label for window_mv, label in zip(cut, kept, strict=True) if len(window_mv) == length]
    return Windows.from_arrays(
        np.stack(cut_mv)[:, None].astype(np.float32),
        synthetic.fs_hz,
        labels_kept,
        channel_names=[recording.channel_names[row]],
        r_peak=before,
        recording=[recording.name] * len(cut_mv),
    )
