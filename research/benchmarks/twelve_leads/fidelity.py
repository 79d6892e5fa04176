"""Distances between generated and real records: of leads, of an encoder's features, of correlations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from diffecg.evaluation.generation.distances import frechet_distance, sliced_wasserstein
from diffecg.evaluation.generation.leads import correlation_error
from research.benchmarks.twelve_leads.beats import UV_PER_MV, beats_of, r_peaks
from research.benchmarks.twelve_leads.networks import predict
from research.benchmarks.twelve_leads.records import FS_HZ, LEADS, SUPERCLASSES, Records
from research.benchmarks.twelve_leads.study import CROPS, Row, Study, matched

SECTION = "fidelity"
MOST_RECORDS = 2000
Compared = Callable[[Records, Records, int], dict[str, float]]
"""Maps two sets of as many records and a seed to distances by label."""


def fidelity(study: Study, generated: Records) -> list[Row]:
    """Return the distances of the generated set, and of real training records, from the real test records."""
    compared: dict[tuple[str, str], Compared] = {
        ("sliced Wasserstein distance of beats", "mV"): _lead_distances,
        ("Fréchet distance, features of the classifier trained on real", ""): lambda a, b, seed: {
            "all": frechet_distance(*(_features(study, x) for x in (a, b)))
        },
        ("error of the correlations between leads", ""): lambda a, b, seed: {
            "all": correlation_error(*(x.signal_uv / np.float32(UV_PER_MV) for x in (a, b)))
        },
    }
    rows = []
    for (measure, unit), compare in compared.items():
        values = [compare(*_pair(study, generated, seed), seed) for seed in study.seeds]
        reference = [compare(*_pair(study, study.train, seed), seed) for seed in study.seeds]
        rows += [
            Row(
                section=SECTION,
                measure=measure,
                label=label,
                unit=unit,
                values=tuple(run[label] for run in values),
                reference=tuple(run[label] for run in reference),
            )
            for label in values[0]
        ]
    return rows


def _pair(study: Study, other: Records, seed: int) -> tuple[Records, Records]:
    """Return as many real test records as others, all with a superclass."""
    return matched(study.test.with_superclass(), other.with_superclass(), MOST_RECORDS, seed)


def _lead_distances(real: Records, other: Records, seed: int) -> dict[str, float]:
    """Return the sliced Wasserstein distance of the beats of each lead, and the mean over leads."""
    beats_mv = [one_beat_each(x, seed) for x in (real, other)]
    distances = {
        lead: sliced_wasserstein(*(beats[:, number] for beats in beats_mv), seed=seed)
        for number, lead in enumerate(LEADS)
    }
    return {"mean of leads": float(np.mean(list(distances.values()))), **distances}


def one_beat_each(records: Records, seed: int) -> Float[np.ndarray, "beat lead sample"]:
    """Return a random complete beat of each record in which there is one, in mV."""
    rng = np.random.default_rng(seed)
    found = (
        beats_of(*pair) for pair in zip(records.signal_uv, r_peaks(records.signal_uv, FS_HZ), strict=True)
    )
    return np.stack([beats[rng.integers(len(beats))] for beats in found if len(beats)]).astype(np.float64)


def _features(study: Study, records: Records) -> Float[np.ndarray, "record feature"]:
    """Return the features of the classifier of superclasses that was trained on real records."""
    train = study.train.with_superclass()
    network = study.networks.fit(train.signal_uv, train.targets(SUPERCLASSES), CROPS, seed=study.seeds[0])
    return predict(network, records.signal_uv, CROPS, features=True)
