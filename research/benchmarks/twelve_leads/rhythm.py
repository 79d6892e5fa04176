"""Rhythm: how well a classifier trained on real records recognises the requested rhythm."""

from __future__ import annotations

from research.benchmarks.twelve_leads.networks import WIDTHS, Recipe, predict
from research.benchmarks.twelve_leads.records import RHYTHMS, SAMPLES, Records
from research.benchmarks.twelve_leads.scores import by_label, label_aurocs
from research.benchmarks.twelve_leads.study import Row, Study

WHOLE = Recipe(crop=SAMPLES, epochs=8, widths=(*WIDTHS, WIDTHS[-1]))
"""Whole records; one more block, so that a feature sees seven seconds."""


def rhythm(study: Study, generated: Records) -> list[Row]:
    """Return the AUROC of each rhythm statement among the generated records, and among real ones."""
    runs = []
    for seed in study.seeds:
        targets = study.train.targets(RHYTHMS)
        network = study.networks.fit(study.train.signal_uv, targets, WHOLE, seed=seed)
        runs.append(
            [
                label_aurocs(predict(network, x.signal_uv, WHOLE), x.targets(RHYTHMS), RHYTHMS)
                for x in (generated, study.test)
            ]
        )
    values, reference = (by_label([run[side] for run in runs]) for side in (0, 1))
    counts = [x.targets(RHYTHMS).sum(axis=0).astype(int) for x in (generated, study.test)]
    return [
        Row(
            section="rhythm",
            measure="AUROC of a classifier trained on real records",
            label=label,
            values=values[label],
            reference=reference[label],
            note=f"{counts[0][number]} generated, {counts[1][number]} real records have it",
        )
        for number, label in enumerate(RHYTHMS)
    ]
