"""``python -m research card-fields``: what the Hugging Face hub indexes of the bundled models."""

from __future__ import annotations

import re
from typing import Annotated

from cyclopts import Parameter

from diffecg import pretrained
from diffecg.config.gap import GapConfig
from diffecg.config.io import AnyConfig, read_any_config
from diffecg.datasets.databases import database
from diffecg.datasets.training_sets import SET
from diffecg.errors import DiffecgError
from diffecg.model.files import CARD, CONFIG
from diffecg.training.card_fields import FORECASTING, CardFields
from research.models.card_results import report_results
from research.repository import PRETRAINED

ODC_BY, CC_BY = "odc-by", "cc-by-4.0"

DENOISER_FIELDS = CardFields(
    name=pretrained.DENOISER,
    tags=("ecg", "denoising"),
    license=ODC_BY,
    datasets=("ptb-xl", "mitdb", "nstdb"),
)


def card_fields(*, check: Annotated[bool, Parameter(help="Only compare; change nothing.")] = False) -> None:
    """Write the fields that the hub indexes into the cards of the bundled models, results from docs/reports.

    Example: python -m research card-fields --check

    Raises:
        DiffecgError: with --check, a card has other fields.
    """
    for name in (*pretrained.names(), pretrained.DENOISER):
        path = PRETRAINED / name / CARD
        text = path.read_text()
        updated = with_fields(text, bundled_fields(name))
        if not check:
            path.write_text(updated)
        elif updated != text:
            raise DiffecgError(f"the fields of {path} differ: python -m research card-fields")


def with_fields(text: str, fields: CardFields) -> str:
    """Return a card with other fields."""
    return re.sub(r"\A---\n.*?^---\n", lambda _: fields.front_matter(), text, flags=re.DOTALL | re.MULTILINE)


def bundled_fields(name: str) -> CardFields:
    """Return the fields of a bundled model."""
    if name == pretrained.DENOISER:
        return DENOISER_FIELDS
    return model_fields(name, read_any_config(PRETRAINED / name / CONFIG))


def model_fields(name: str, config: AnyConfig) -> CardFields:
    """Return the fields of a model, with the results of its report where there is one.

    Args:
        name: name of the model.
        config: its settings.
    """
    databases = _databases(config)
    return CardFields(
        name=name,
        license=CC_BY if databases == ("ptbxl",) else ODC_BY,
        task=FORECASTING if isinstance(config, GapConfig) else None,
        datasets=[database(one).physionet_name for one in databases],
        results=report_results(name),
    )


def _databases(config: AnyConfig) -> tuple[str, ...]:
    """Return the databases that a bundled model was trained on, by the kind of its settings."""
    if isinstance(config, GapConfig):
        of_ecg = set(config.candidates.kinds) == {"ecg"}
        return ("mitdb", "ptbxl", "cinc2015") if of_ecg else ("cinc2015", "mitdb")
    if config.conditions.several_labels:
        return ("ptbxl",)
    return ("mitdb", "svdb") if SET in config.conditions.numbers else ("mitdb",)
