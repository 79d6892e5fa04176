"""Supraventricular beats of one subject, made of the subject's own normal beats.

A supraventricular beat is conducted like a normal one and has nearly its QRS complex: what sets it apart is
that it comes early. A normal beat of the subject with the coupling interval and the pause of a
supraventricular beat is such a beat in the subject's own morphology; its P wave is that of the normal beat.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from diffecg.composition.rr_statistics import load_statistics
from diffecg.config.presets import preset
from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.cutting import WindowCutter, prepared_windows
from diffecg.datasets.label_maps import label_map
from diffecg.datasets.splits import Split
from diffecg.datasets.window_grid import Cut
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.checks import check_integer

NORMAL, PREMATURE = "N", "S"
EARLY_MINUTES = 5.0
"""Of a recording, the part whose labels are known for the adaptation to a subject (ANSI/AAMI EC57)."""
MIN_NORMAL = 10
"""Fewest normal beats that premature ones are made of."""


def personal_beats(
    recording: Recording,
    *,
    lead: str | None = None,
    minutes: float = EARLY_MINUTES,
    count: int = 100,
    seed: int = 0,
) -> Windows:
    """Return the normal beats of a subject, and supraventricular beats made of them.

    To adapt a classifier to the subject, train it further on these beats together with those that it was
    trained on. Windows have 256 samples at 360 Hz with the R peak at sample 128, as those of
    ``mitbih-beat``; the RR intervals of each beat are columns of the index, in s and relative to the mean of
    the ten before. The column ``synthetic`` is True for the supraventricular beats, and ``sample`` is where
    the normal beat lies that a beat is, or is made of.

    Args:
        recording: a recording of the subject with annotated beats.
        lead: its lead; None: the first one.
        minutes: length of the part that is used, from the beginning.
        count: number of supraventricular beats; 0: none.
        seed: seed of their choice.

    Example:
        >>> import diffecg
        >>> recording = diffecg.compose(diffecg.Rhythm("sinus rhythm"), 60)
        >>> diffecg.personal_beats(recording, count=20).counts()["S"]
        20

    Raises:
        DiffecgError: fewer than ten normal beats with RR intervals in this part; arguments out of range.
    """
    check_integer("count", count, 0)
    if not minutes > 0:
        raise DiffecgError(f"minutes {minutes:g} must be above 0; 5 is usual")
    name = recording.channel_names[0] if lead is None else lead
    cutter = WindowCutter(
        window=replace(preset("beat").window, leads=(name,)),
        split=Split(name="personal", train=(), test=(recording.name,), excluded={}),
        labels=label_map("aami"),
    )
    cut = cutter.cut(recording)
    rows = _early_normal(cut.index, minutes)
    if len(rows) < MIN_NORMAL:
        if not recording.annotations:
            raise DiffecgError(
                f"{recording.name} has no annotations; annotate its beats (N = normal), those of a table in "
                f"{recording.name}_annotations.csv beside it, with the columns sample and symbol; "
                "wfdb.processing.xqrs_detect finds beats, as docs/how-to/wearables.md shows"
            )
        raise DiffecgError(
            f"{recording.name} has {len(rows)} normal beats with RR intervals in the first {minutes:g} "
            f"minutes; at least {MIN_NORMAL} are needed: annotate the beats, or use a longer part"
            f"{_dropped(cut)}"
        )
    normal = prepared_windows(
        cut.signal_mv[rows],
        cutter.window,
        cut.index.iloc[rows].reset_index(drop=True).assign(synthetic=False),
        {},
    ).drop_columns("partition")
    rng = np.random.default_rng(seed)
    chosen = normal.take(rng.integers(len(normal), size=count))
    premature = make_premature(chosen, draw_premature_intervals(count, rng))
    premature = replace(premature, index=premature.index.assign(symbol=PREMATURE, synthetic=True))
    info = {"recording": recording.name, "lead": name, "minutes": minutes, "count": count, "seed": seed}
    return replace(concatenate([normal, premature]), info={"personal": info})


def make_premature(normal: Windows, ratios: Float[np.ndarray, "beat 2"]) -> Windows:
    """Return normal beats relabelled as supraventricular, with the RR intervals of such beats.

    Args:
        normal: normal beats with RR intervals, also relative to the mean of those before.
        ratios: coupling interval and pause of each, relative to that mean.
    """
    mean_s = (normal.index["rr_before_s"] / normal.index["rr_before_ratio"]).to_numpy()
    index = normal.index.assign(
        label=PREMATURE,
        rr_before_s=ratios[:, 0] * mean_s,
        rr_after_s=ratios[:, 1] * mean_s,
        rr_before_ratio=ratios[:, 0],
        rr_after_ratio=ratios[:, 1],
    )
    return replace(normal, index=index)


def draw_premature_intervals(count: int, rng: np.random.Generator) -> Float[np.ndarray, "{count} 2"]:
    """Return coupling intervals and pauses of S beats of DS1, relative to the sinus interval."""
    pairs = np.array(load_statistics().pairs[PREMATURE])
    return pairs[rng.integers(len(pairs), size=count)]


def _dropped(cut: Cut) -> str:
    """Return why normal beats of the whole recording cannot be used."""
    reasons = Counter[str]()
    for (_, label, reason), count in cut.dropped.items():
        reasons[reason] += count if label == NORMAL else 0
    texts = [f"of {count} normal beats the window {reason}" for reason, count in reasons.items() if count]
    return "".join(f"; {text}" for text in texts)


def _early_normal(index: pd.DataFrame, minutes: float) -> Int[np.ndarray, " chosen"]:
    """Return the rows of normal beats with RR intervals in the first minutes."""
    if index.empty:
        return np.arange(0)
    is_early = index["time_s"] < 60 * minutes
    is_known = index[["rr_before_s", "rr_after_s", "rr_before_ratio", "rr_after_ratio"]].notna().all(axis=1)
    return np.flatnonzero(is_early & is_known & (index["label"] == NORMAL))
