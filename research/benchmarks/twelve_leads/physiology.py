"""Physiology: distributions of the QRS axis and of intervals and amplitudes, and Einthoven's law."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.stats import wasserstein_distance

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.delineation import MEASURES, Measures, measure
from diffecg.evaluation.generation.leads import einthoven_residual, frontal_axis_deg
from research.benchmarks.twelve_leads.beats import R_SAMPLE, UV_PER_MV, median_beats, r_peaks
from research.benchmarks.twelve_leads.records import FS_HZ, LEADS, Records, read_limb_leads
from research.benchmarks.twelve_leads.study import Row, Study, matched

SECTION = "physiology"
DELINEATED_RECORDS, AXIS_RECORDS = 400, 2000
"""Largest numbers of records; delineation takes some 50 ms a record."""
DELINEATED_LEAD = "II"
QRS_REACH = 6
"""Half of the length over which a QRS complex is summed, in samples."""


def physiology(study: Study, generated: Records) -> list[Row]:
    """Return the distances of measured distributions from those of real test records."""
    return [*_delineation(study, generated), _axis(study, generated), _limb_leads(study)]


def _delineation(study: Study, generated: Records) -> list[Row]:
    """Return the distance of each measure of beats in lead II: order-1 Wasserstein, or between shares."""
    real, other = matched(study.test.with_superclass(), generated.with_superclass(), DELINEATED_RECORDS, 0)
    train, _ = matched(study.train.with_superclass(), real, DELINEATED_RECORDS, 1)
    of_real, of_other, of_train = (_measure(x) for x in (real, other, train))
    return [
        Row(
            section=SECTION,
            measure=f"distance of distributions: {name}",
            label=f"lead {DELINEATED_LEAD}",
            unit=unit,
            values=(_distance(of_real[name], of_other[name], is_share=not unit),),
            reference=(_distance(of_real[name], of_train[name], is_share=not unit),),
            note=f"{_summary(of_other[name], unit)}; real {_summary(of_real[name], unit)}",
        )
        for name, unit in MEASURES.items()
    ]


def _axis(study: Study, generated: Records) -> Row:
    """Return the distance between the distributions of the QRS axis."""
    values, reference = [], []
    for seed in study.seeds:
        real, other = matched(study.test.with_superclass(), generated.with_superclass(), AXIS_RECORDS, seed)
        train, _ = matched(study.train.with_superclass(), real, AXIS_RECORDS, seed)
        of_real, of_other, of_train = (qrs_axis_deg(x) for x in (real, other, train))
        values.append(float(wasserstein_distance(of_real, of_other)))
        reference.append(float(wasserstein_distance(of_real, of_train)))
    return Row(
        section=SECTION,
        measure="distance of distributions: QRS axis",
        label="median beats",
        unit="degrees",
        values=tuple(values),
        reference=tuple(reference),
        note=f"{_summary(of_other, 'degrees')}; real {_summary(of_real, 'degrees')}",
    )


def qrs_axis_deg(records: Records) -> Float[np.ndarray, " record"]:
    """Return the axis of the QRS complex of each median beat, in degrees."""
    beats_mv = median_beats(records.signal_uv, r_peaks(records.signal_uv, FS_HZ)).astype(np.float64)
    beats_mv = beats_mv[np.isfinite(beats_mv).all(axis=(1, 2))]
    beats_mv = beats_mv - np.median(beats_mv, axis=2, keepdims=True)
    qrs = slice(R_SAMPLE - QRS_REACH, R_SAMPLE + QRS_REACH + 1)
    return frontal_axis_deg(*(beats_mv[:, LEADS.index(lead), qrs] for lead in ("I", "II")))


def _limb_leads(study: Study) -> Row:
    """Return Einthoven's residual; the sets store I and II alone, from which III follows exactly."""
    names = study.ptbxl.folds([study.fold]).table["filename"]
    limb_mv = [read_limb_leads(study.folder / name) for name in names]
    residual = einthoven_residual(*np.stack(limb_mv, axis=1))
    return Row(
        section=SECTION,
        measure="Einthoven's residual, root mean square",
        unit="mV",
        values=(0.0,),
        reference=(residual,),
        note="zero by construction: III and the augmented leads are computed from I and II",
    )


def _measure(records: Records) -> Measures:
    signal_mv = records.signal_uv[:, [LEADS.index(DELINEATED_LEAD)]] / UV_PER_MV
    return measure(Windows.from_arrays(signal_mv, FS_HZ, channel_names=[DELINEATED_LEAD]))


def _distance(a: Float[np.ndarray, " beat"], b: Float[np.ndarray, " other"], *, is_share: bool) -> float:
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if not (len(a) and len(b)):
        return float("nan")
    return float(abs(a.mean() - b.mean()) if is_share else wasserstein_distance(a, b))


def _summary(values: Float[np.ndarray, " beat"], unit: str) -> str:
    """Return median and quartiles, or the share, as text."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "none"
    if not unit:
        return f"{finite.mean():.0%}"
    low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75])
    return f"{middle:.3g} [{low:.3g}, {high:.3g}] {unit}"
