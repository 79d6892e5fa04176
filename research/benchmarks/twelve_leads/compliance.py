"""Compliance with requested values: heart rate by an R-peak detector, age by a regression on real records."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from research.benchmarks.twelve_leads.beats import heart_rate, r_peaks
from research.benchmarks.twelve_leads.networks import Recipe, predict, value_loss
from research.benchmarks.twelve_leads.records import FS_HZ, SAMPLES, Records
from research.benchmarks.twelve_leads.study import Row, Study

SECTION = "compliance"
AGES = Recipe(crop=256, epochs=6)
DECADE_YEARS, CENTRE_YEARS = 10.0, 60.0
MOST_RECORDS = 4000
Values = Float[np.ndarray, " record"]


def heart_rates(study: Study, generated: Records) -> list[Row]:
    """Return how far detected heart rates are from requested ones.

    The reference is how far the rate of a real record's first half is from that of the whole record.
    """
    chosen = np.random.default_rng(0).permutation(len(generated))[:MOST_RECORDS]
    generated = generated.take(chosen)
    requested = generated.table["heart_rate"].to_numpy(dtype=np.float64)
    errors = detected_rates(generated) - requested
    half = Records(signal_uv=study.test.signal_uv[:, :, : SAMPLES // 2], table=study.test.table)
    of_real = detected_rates(half) - detected_rates(study.test)
    return [
        _row("heart rate, mean absolute error", "1/min", _mean(np.abs(errors)), _mean(np.abs(of_real))),
        _row("heart rate, mean error", "1/min", _mean(errors), _mean(of_real)),
        _row("heart rate, share within 5 / min", "", _mean(np.abs(errors) <= 5), _mean(np.abs(of_real) <= 5)),
    ]


def ages(study: Study, generated: Records) -> list[Row]:
    """Return how far the age that a regression on real records estimates is from the requested one."""
    known = study.train.take(np.isfinite(study.train.table["age"].to_numpy(dtype=np.float64)))
    target = (known.table["age"].to_numpy(dtype=np.float64)[:, None] - CENTRE_YEARS) / DECADE_YEARS
    scores = []
    for seed in study.seeds:
        network = study.networks.fit(known.signal_uv, target, AGES, seed=seed, loss=value_loss)
        pair = []
        for records in (generated, study.test):
            estimate = predict(network, records.signal_uv, AGES)[:, 0] * DECADE_YEARS + CENTRE_YEARS
            pair.append(_agreement(estimate, records.table["age"].to_numpy(dtype=np.float64)))
        scores.append(pair)
    names = {"age, mean absolute error": "years", "age, correlation": ""}
    return [
        Row(
            section=SECTION,
            measure=name,
            unit=unit,
            values=tuple(pair[0][number] for pair in scores),
            reference=tuple(pair[1][number] for pair in scores),
        )
        for number, (name, unit) in enumerate(names.items())
    ]


def detected_rates(records: Records) -> Values:
    """Return the heart rate of each record, per minute; NaN where fewer than two beats are found."""
    return np.array([heart_rate(peaks, FS_HZ) for peaks in r_peaks(records.signal_uv, FS_HZ)])


def _agreement(estimate: Values, requested: Values) -> tuple[float, float]:
    known = np.isfinite(requested)
    error = np.abs(estimate - requested)[known].mean()
    return float(error), float(np.corrcoef(estimate[known], requested[known])[0, 1])


def _row(measure: str, unit: str, value: float, reference: float) -> Row:
    return Row(section=SECTION, measure=measure, unit=unit, values=(value,), reference=(reference,))


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values))
