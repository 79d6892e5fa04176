"""Privacy by subject: how well the generated set separates subjects of the training records from others.

Records are compared by their median beats; of a subject's real records one counts. Distances are root mean
squares in mV.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from diffecg.evaluation.generation.membership import MembershipAttack
from diffecg.inference.neighbours import nearest
from research.benchmarks.twelve_leads.beats import SignalUv, median_beats, r_peaks
from research.benchmarks.twelve_leads.records import FS_HZ, Records
from research.benchmarks.twelve_leads.study import Row, Study, subject_of

SECTION = "privacy"
QUANTILES = (0.01, 0.05, 0.5)
Beats = Float[np.ndarray, "record feature"]


def privacy(study: Study, generated: Records) -> list[Row]:
    """Return the AUC of two attacks on membership, and quantiles of nearest-neighbour distances.

    Members are subjects of the training records, outsiders half of the subjects of the fold under test, whose
    other half the second attack has besides. The reference of the attacks is the release of real records of
    other training subjects than the members; that of the distances, the fold under test.
    """
    released = _beats(generated.signal_uv)
    training, held_out = (_beats(_one_of_each_subject(x)) for x in (study.train, study.test))
    attacks: list[tuple[float, float, float, float]] = []
    for seed in study.seeds:
        rng = np.random.default_rng(seed)
        members = training[rng.permutation(len(training))]
        others = held_out[rng.permutation(len(held_out))]
        count = len(others) // 2
        attack = MembershipAttack(members=members[:count], outsiders=others[:count], auxiliary=others[count:])
        of_real = members[max(count, len(members) // 2) :]
        attacks.append(
            (
                attack.by_distance(released),
                attack.by_distance(of_real),
                attack.by_density_ratio(released),
                attack.by_density_ratio(of_real),
            )
        )
    columns = list(zip(*attacks, strict=True))
    return [
        _row("membership AUC by distance", "", columns[0], columns[1], "reference: other subjects released"),
        _row("membership AUC by density", "", columns[2], columns[3], "reference: other subjects released"),
        *_distances(released, training, held_out),
    ]


def _distances(released: Beats, training: Beats, held_out: Beats) -> list[Row]:
    """Return quantiles of the distance to the nearest training record, of as many released as held-out."""
    count = min(len(released), len(held_out))
    chosen = np.random.default_rng(0).permutation(len(released))[:count]
    of_released, of_held_out = (nearest(x, training)[0] for x in (released[chosen], held_out[:count]))
    return [
        _row(
            f"distance to the nearest training record, quantile {quantile:g}",
            "mV",
            (float(np.quantile(of_released, quantile)),),
            (float(np.quantile(of_held_out, quantile)),),
            "reference: held-out real records",
        )
        for quantile in QUANTILES
    ]


def _one_of_each_subject(records: Records) -> SignalUv:
    """Return the first record of each subject, in µV."""
    _, first = np.unique(subject_of(records), return_index=True)
    return records.signal_uv[np.sort(first)]


def _beats(signal_uv: SignalUv) -> Beats:
    """Return the median beat of each record in which one is found, in mV."""
    beats_mv = median_beats(signal_uv, r_peaks(signal_uv, FS_HZ)).reshape(len(signal_uv), -1)
    return beats_mv[np.isfinite(beats_mv).all(axis=1)]


def _row(measure: str, unit: str, values: tuple[float, ...], reference: tuple[float, ...], note: str) -> Row:
    return Row(section=SECTION, measure=measure, unit=unit, values=values, reference=reference, note=note)
