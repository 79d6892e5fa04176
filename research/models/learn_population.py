"""``python -m research learn-population``: conditions of the recordings of pretraining sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.composition.beat_source import HEART_RATE, LABELS
from diffecg.composition.model_beats import ModelBeats
from diffecg.composition.population import COLUMNS, FILE
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from research.benchmarks.composed_set import model_conditions, training_conditions
from research.repository import PACKAGE


def learn_population(
    ptbxl: Annotated[Path, Parameter(help="PTB-XL as released, with records100/.")], /, *, cache: Path
) -> None:
    """Write the statements, age, sex and heart rate of PTB-XL's training recordings into the package.

    Example: python -m research learn-population ptb-xl/ --cache cache/

    Recordings of folds 1 to 8 with a superclass, in random order and without any identifier.

    Args:
        cache: Folder of a copy of PTB-XL.
    """
    model = load("ptbxl-beat")
    assert isinstance(model, Model)
    table = model_conditions(training_conditions(ptbxl, cache, model.labels), ModelBeats(model))
    table[LABELS] = table[LABELS].map(lambda labels: sorted(set(labels)))
    table[HEART_RATE] = table[HEART_RATE].round()
    shuffled = table[list(COLUMNS)].sample(frac=1, random_state=0)
    path = PACKAGE / "composition" / FILE
    shuffled.astype(dict.fromkeys(COLUMNS[1:], "float32")).to_parquet(path, index=False, compression="zstd")
