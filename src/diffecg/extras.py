"""Optional dependencies, and the install line that each error names."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from diffecg.errors import DiffecgError

EVALUATION = {"neurokit2": "neurokit2", "sklearn": "scikit-learn"}
"""Modules of the extra ``eval`` and the packages that hold them."""


def extra(module: str, attribute: str = "") -> Any:
    """Return a module of the extra ``eval``, or something in it.

    Raises:
        DiffecgError: it is not installed.
    """
    try:
        found = import_module(module)
    except ImportError as error:
        package = EVALUATION[module.partition(".")[0]]
        raise DiffecgError(f"the report needs {package}: pip install 'diffecg[eval]'") from error
    return getattr(found, attribute) if attribute else found


def require_extras() -> None:
    """Check that the whole extra is there, before long work is begun.

    Raises:
        DiffecgError: a library is not installed.
    """
    for module in EVALUATION:
        extra(module)


SERVICE = {
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "plotly": "plotly",
    "prometheus_client": "prometheus-client",
    "python_multipart": "python-multipart",
}
"""Modules of the extra ``serve`` and the packages that hold them."""


def require_serve() -> None:
    """Check that the whole extra is there.

    Raises:
        DiffecgError: a library is not installed.
    """
    lacking = [package for module, package in SERVICE.items() if find_spec(module) is None]
    if lacking:
        raise DiffecgError(f"the studio needs {', '.join(lacking)}: pip install 'diffecg[serve]'")
