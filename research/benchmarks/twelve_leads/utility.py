"""Classifiers of superclasses trained and tested on real and generated records.

TSTR trains on the generated set and tests on real records (Esteban et al. 2017, arXiv 1706.02633), TRTS the
reverse. The third trains on both. Their reference is the same classifier trained and tested on real records.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from research.benchmarks.twelve_leads.networks import predict
from research.benchmarks.twelve_leads.records import SUPERCLASSES, Records
from research.benchmarks.twelve_leads.scores import by_label, label_aurocs, with_macro
from research.benchmarks.twelve_leads.study import CROPS, Row, Study
from research.benchmarks.twelve_leads.wavelets import fit_wavelet_classifier, wavelet_features

SECTION = "utility"
Scorer = Callable[[Study, Records, Records, int], dict[str, float]]
"""Maps the study, records to train on, records to test on and a seed to the AUROC of each superclass."""
Choose = Callable[[Records, Records], tuple[Records, Records]]
"""Maps real training and test records to the records to train on and to test on."""


def tstr(study: Study, generated: Records) -> list[Row]:
    """Return the AUROCs on real records of classifiers trained on the generated set."""
    return _rows(study, "TSTR", network_scores, lambda real, test: (generated.with_superclass(), test))


def trts(study: Study, generated: Records) -> list[Row]:
    """Return the AUROCs on the generated set of classifiers trained on real records."""
    return _rows(study, "TRTS", network_scores, lambda real, test: (real, generated.with_superclass()))


def real_and_generated(study: Study, generated: Records) -> list[Row]:
    """Return the AUROCs on real records of classifiers trained on both, on twice as many records."""
    name = "trained on real and generated"
    return _rows(
        study, name, network_scores, lambda real, test: (join(real, generated.with_superclass()), test)
    )


def utility_wavelets(study: Study, generated: Records) -> list[Row]:
    """Return TSTR by wavelet features and a small network."""
    name = "TSTR, wavelet features"
    return _rows(study, name, wavelet_scores, lambda real, test: (generated.with_superclass(), test))


def network_scores(study: Study, train: Records, test: Records, seed: int) -> dict[str, float]:
    """Return the AUROCs of the residual network on random crops."""
    network = study.networks.fit(train.signal_uv, train.targets(SUPERCLASSES), CROPS, seed=seed)
    outputs = predict(network, test.signal_uv, CROPS)
    return with_macro(label_aurocs(outputs, test.targets(SUPERCLASSES), SUPERCLASSES))


def wavelet_scores(study: Study, train: Records, test: Records, seed: int) -> dict[str, float]:
    """Return the AUROCs of a dense network on features of wavelet coefficients."""
    classify = fit_wavelet_classifier(
        wavelet_features(train.signal_uv),
        train.targets(SUPERCLASSES),
        seed=seed,
        device=study.networks.device,
    )
    outputs = classify(wavelet_features(test.signal_uv))
    return with_macro(label_aurocs(outputs, test.targets(SUPERCLASSES), SUPERCLASSES))


def join(first: Records, second: Records) -> Records:
    """Return the records of two sets, with their labels alone."""
    table = pd.concat([x.table[["labels"]] for x in (first, second)], ignore_index=True)
    return Records(signal_uv=np.concatenate([first.signal_uv, second.signal_uv]), table=table)


def _rows(study: Study, measure: str, scorer: Scorer, choose: Choose) -> list[Row]:
    """Return the AUROC of each superclass beside that of a classifier trained and tested on real records."""
    real, test = study.train.with_superclass(), study.test.with_superclass()
    values, reference = (
        by_label([scorer(study, *pair, seed) for seed in study.seeds])
        for pair in (choose(real, test), (real, test))
    )
    return [
        Row(section=SECTION, measure=measure, label=label, values=own, reference=reference[label])
        for label, own in values.items()
    ]
