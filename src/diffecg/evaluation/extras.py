"""Libraries that only the report needs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from diffecg.errors import DiffecgError

EXTRAS = {"neurokit2": "neurokit2", "sklearn": "scikit-learn"}
"""Modules of the extra ``eval`` and the packages that hold them."""


def extra(module: str, attribute: str = "") -> Any:
    """Return a module of the extra ``eval``, or something in it.

    Raises:
        DiffecgError: it is not installed.
    """
    try:
        found = import_module(module)
    except ImportError as error:
        package = EXTRAS[module.partition(".")[0]]
        raise DiffecgError(f"the report needs {package}: pip install 'diffecg[eval]'") from error
    return getattr(found, attribute) if attribute else found


def require_extras() -> None:
    """Check that the whole extra is there, before long work is begun.

    Raises:
        DiffecgError: a library is not installed.
    """
    for module in EXTRAS:
        extra(module)
