"""Loading what imputes and forecasts, by name; PyTorch is imported for models alone."""

from __future__ import annotations

from pathlib import Path

from diffecg.inference.analogue_imputer import AnalogueImputer
from diffecg.inference.imputer import Imputer


def load_imputer(
    imputer: str | Path | Imputer, device: str | None = None, *, engine: str | None = None
) -> Imputer:
    """Return what imputes and forecasts: the search for analogues, or a model.

    Example:
        >>> import diffecg
        >>> diffecg.load_imputer("analogues")
        <AnalogueImputer: up to 16 analogues within 1800 s on either side>
        >>> diffecg.load_imputer("mitbih-strip").name
        'mitbih-strip'

    Args:
        imputer: ``analogues``, the name (``mitbih-strip``) or folder of a model, the name of one of the hub
            (as for :func:`load`), or an imputer, which is returned as it is.
        device: device of a model, as for :func:`load`.
        engine: engine of a model, as for :func:`load`.

    Raises:
        DiffecgError: as for :func:`load`.
    """
    if imputer == AnalogueImputer.name:
        return AnalogueImputer()
    if isinstance(imputer, AnalogueImputer):
        return imputer
    from diffecg.inference.loading import load_imputing_model

    return load_imputing_model(imputer, device, engine)
